/**
 * From the tokens of a stream to what people read.
 *
 *     Transcript    keeps what a stream has said so far: final tokens, and the present guess
 *     words         tokens grouped into words, with times
 *     paragraphs    words grouped by endpoints and speakers
 *     text          the paragraphs, a line each
 *
 * A token is what the server sends: {text, start_ms, end_ms, is_final, speaker?, language?, ...}.
 */

const MARKERS = new Set(["<end>", "<fin>"]);
const WORD = /(?:\S|\ufeff)+/gu;
const BLANK = /^\s+$/u;
/** Letters of scripts that put no space between words: each token of them is a word. */
const UNSPACED = new RegExp(
  "^[\\u0e00-\\u0eff" + // Thai, Lao
    "\\u1000-\\u109f\\u1780-\\u17ff" + // Burmese, Khmer
    "\\u3040-\\u30ff\\u31f0-\\u31ff" + // kana
    "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff" + // Han
    "\\u{20000}-\\u{3ffff}]",
  "u",
);
/** Characters that cannot be shown. */
const UNSHOWABLE = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** Whether a token says that an utterance is over (`<end>`) or that a finalize is done (`<fin>`). */
export const isMarker = (token) => MARKERS.has(token.text);

/** What a stream has said so far. Several streams may follow each other in one transcript. */
export class Transcript {
  /** Final tokens: each came once and never changes. Times are those of the whole transcript. */
  finals = [];
  /** The present guess at what follows; each message replaces it. */
  nonFinals = [];
  /** How much audio the server has read, in ms of the whole transcript. */
  readMs = 0;
  #offsetMs = 0;

  /**
   * Take a message of the server. Translations are left out: they have no times.
   *
   * @returns {{finals: object[], nonFinals: object[]}} what is new, and the guess that follows it
   */
  add(message) {
    const tokens = message.tokens
      .filter((token) => token.translation_status !== "translation")
      .map((token) => this.#placed(token));
    const finals = tokens.filter((token) => token.is_final);
    this.nonFinals = tokens.filter((token) => !token.is_final);
    this.finals.push(...finals);
    this.readMs = Math.max(this.readMs, this.#offsetMs + (message.total_audio_proc_ms ?? 0));
    return { finals, nonFinals: this.nonFinals };
  }

  /** Note that a new stream begins, whose clock starts at 0 again; and a new paragraph. */
  beginStream() {
    this.nonFinals = [];
    const at = Math.max(this.readMs, this.finals.at(-1)?.end_ms ?? 0);
    this.#offsetMs = at;
    if (!this.isEmpty) {
      this.finals.push({ text: "<end>", start_ms: at, end_ms: at, is_final: true });
    }
  }

  /** Where the present stream began, in ms of the whole transcript. */
  get offsetMs() {
    return this.#offsetMs;
  }

  /** Whether nothing has been said. */
  get isEmpty() {
    return this.finals.every(isMarker);
  }

  #placed(token) {
    const start_ms = this.#offsetMs + (token.start_ms ?? token.end_ms ?? 0);
    const end_ms = this.#offsetMs + (token.end_ms ?? token.start_ms ?? 0);
    return { ...token, start_ms, end_ms };
  }
}

/**
 * Group tokens into words.
 *
 * A space, a marker, a change of speaker, or a letter of a script without spaces begins a word.
 *
 * @returns {{text: string, startMs: number, endMs: number, hasSpaceBefore: boolean,
 *   paragraph: number, speaker: ?string, language: ?string}[]}
 */
export function words(tokens) {
  const builder = new Words();
  for (const token of tokens) builder.add(token);
  return builder.close();
}

/** Return words as running text. */
export function joined(group) {
  return group
    .map((word, index) => (index && word.hasSpaceBefore ? ` ${word.text}` : word.text))
    .join("");
}

/** Group tokens into words, and words into what one speaker said up to an endpoint. */
export function paragraphs(tokens) {
  const groups = [];
  for (const word of words(tokens)) {
    if (groups.at(-1)?.[0].paragraph === word.paragraph) groups.at(-1).push(word);
    else groups.push([word]);
  }
  return groups;
}

/** Return the transcript: a line a paragraph, each with its speaker when they are known. */
export function text(tokens) {
  return paragraphs(tokens)
    .map((group) => (group[0].speaker ? `Speaker ${group[0].speaker}: ` : "") + joined(group))
    .join("\n");
}

/** Words under construction. */
class Words {
  #done = [];
  /** Pieces of the open word. */
  #open = [];
  /** The newest token of speech. */
  #token = null;
  #paragraph = 0;
  #hasSpace = true;
  #endsParagraph = false;

  add(token) {
    const hasNewSpeaker =
      this.#token !== null && (token.speaker ?? null) !== (this.#token.speaker ?? null);
    if (isMarker(token) || hasNewSpeaker) {
      this.#finish(true);
      this.#endsParagraph = true;
      if (isMarker(token)) return;
    }
    const shown = token.text.replace(UNSHOWABLE, " ");
    if (!shown) return;
    if (BLANK.test(shown)) {
      this.#finish(true);
      return;
    }
    for (const match of shown.matchAll(WORD)) {
      const hasSpace = match.index > 0;
      if (hasSpace || UNSPACED.test(match[0])) this.#finish(hasSpace);
      this.#append(match, token, shown);
    }
    if (BLANK.test(shown.at(-1))) this.#finish(true);
  }

  close() {
    this.#finish(true);
    return this.#done;
  }

  /** Add a piece of a token to the open word; several words in a token share its time. */
  #append(match, token, shown) {
    if (this.#endsParagraph) {
      this.#endsParagraph = false;
      if (this.#done.length) this.#paragraph += 1;
    }
    const spanMs = Math.max(token.end_ms - token.start_ms, 0);
    const isWhole = match[0] === shown.trim();
    const at = (place) => token.start_ms + Math.floor((spanMs * place) / shown.length);
    this.#open.push({
      text: match[0],
      startMs: isWhole ? token.start_ms : at(match.index),
      endMs: isWhole ? token.start_ms + spanMs : at(match.index + match[0].length),
    });
    this.#token = token;
  }

  /** End the open word, if any. */
  #finish(hasSpaceAfter) {
    if (!this.#open.length) {
      this.#hasSpace ||= hasSpaceAfter;
      return;
    }
    const [first, last] = [this.#open[0], this.#open.at(-1)];
    this.#done.push({
      text: this.#open.map((piece) => piece.text).join(""),
      startMs: first.startMs,
      endMs: Math.max(last.endMs, first.startMs),
      hasSpaceBefore: this.#hasSpace,
      paragraph: this.#paragraph,
      speaker: this.#token.speaker ?? null,
      language: this.#token.language ?? null,
    });
    this.#open = [];
    this.#hasSpace = hasSpaceAfter;
  }
}
