/** Captions on the page: paragraphs that grow, and what a screen reader is told. */

import { isMarker } from "/js/oyez.js";

/** Distance from the bottom, in pixels, within which the view follows what is said. */
const FOLLOW_PX = 48;
/** Sentences that the screen reader's log keeps. */
const LOG_LINES = 20;
const SENTENCE_END = /[.?!…。？！؟।]["'”’)\]»」』]*\s*$/u;

export class CaptionView {
  #scroller;
  #home;
  #log;
  /** The paragraph that still grows, and those that hold the rest of a guess. */
  #open = null;
  #guessed = [];
  /** Final words that the log has not been told. */
  #untold = "";

  /**
   * @param {HTMLElement} scroller what scrolls
   * @param {HTMLElement} home where paragraphs go
   * @param {HTMLElement} log a live region; it is told finished sentences, never guesses
   */
  constructor(scroller, home, log) {
    this.#scroller = scroller;
    this.#home = home;
    this.#log = log;
  }

  /** Show what a message brought. */
  show({ finals, nonFinals }) {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    const follows = scrollHeight - scrollTop - clientHeight < FOLLOW_PX;
    this.#forgetGuess();
    for (const token of finals) {
      if (isMarker(token)) this.endParagraph();
      else this.#paragraphFor(token).say(token);
      if (!isMarker(token)) this.#tell(token.text);
    }
    this.#guess(nonFinals);
    if (follows) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** The next word begins a paragraph. */
  endParagraph() {
    this.#forgetGuess();
    if (this.#open?.isEmpty) this.#open.remove();
    this.#open = null;
    this.#tell("", true);
  }

  clear() {
    this.#home.replaceChildren();
    this.#log.replaceChildren();
    this.#open = null;
    this.#guessed = [];
    this.#untold = "";
  }

  #paragraphFor(token) {
    if (this.#open === null || this.#open.speaker !== (token.speaker ?? null)) {
      this.#tell("", true);
      this.#open = new Paragraph(this.#home, token);
    }
    return this.#open;
  }

  #guess(tokens) {
    let paragraph = this.#open;
    for (const token of tokens) {
      if (paragraph === null || paragraph.speaker !== (token.speaker ?? null)) {
        paragraph = new Paragraph(this.#home, token);
        this.#guessed.push(paragraph);
      }
      paragraph.guess(token);
    }
  }

  #forgetGuess() {
    this.#guessed.forEach((paragraph) => paragraph.remove());
    this.#guessed = [];
    this.#open?.forgetGuess();
  }

  /** Tell the live region whole sentences: pieces of words would be read as such. */
  #tell(text, isOver = false) {
    this.#untold += text;
    if (!this.#untold.trim() || !(isOver || SENTENCE_END.test(this.#untold))) return;
    const line = document.createElement("p");
    line.textContent = this.#untold.trim();
    this.#log.append(line);
    this.#untold = "";
    if (this.#log.childElementCount > LOG_LINES) this.#log.firstElementChild.remove();
  }
}

/** What one speaker says up to an endpoint. */
class Paragraph {
  speaker;
  #root = element("div", "paragraph");
  #final = element("span", "final");
  #guess = element("span", "guess");

  constructor(home, token) {
    this.speaker = token.speaker ?? null;
    const about = element("div", "about");
    about.append(element("span", "when", clock(token.start_ms)));
    if (token.language) about.append(element("span", "language", token.language));
    if (this.speaker !== null) about.append(element("span", "speaker", `Speaker ${this.speaker}`));
    const words = element("p", "words");
    words.dir = "auto";
    if (token.language) words.lang = token.language;
    words.append(this.#final, this.#guess);
    this.#root.append(about, words);
    home.append(this.#root);
  }

  get isEmpty() {
    return !this.#final.textContent.trim();
  }

  say(token) {
    this.#final.textContent += this.#final.textContent ? token.text : token.text.trimStart();
  }

  guess(token) {
    const isFirst = !this.#final.textContent && !this.#guess.textContent;
    this.#guess.textContent += isFirst ? token.text.trimStart() : token.text;
  }

  forgetGuess() {
    this.#guess.textContent = "";
  }

  remove() {
    this.#root.remove();
  }
}

/** Return a time as people write it. */
export function clock(ms) {
  const seconds = Math.floor(ms / 1_000);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
