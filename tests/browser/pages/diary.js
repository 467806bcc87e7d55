/** What a client told its page, in order; and the page's words, as a reader sees them. */

const PATIENCE_MS = 40_000;
const markers = ["<end>", "<fin>"];

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The microphone plays from when it is opened, however busy the machine is: it is the talks' clock.
let began = Infinity;
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await open(constraints);
  began = performance.now();
  return stream;
};

export class Diary {
  entries = [];
  finalText = "";

  note(event, facts = {}) {
    this.entries.push({ event, ...facts });
  }

  /** Note a message of the server, and show its words. */
  result(message) {
    this.note("result", { message });
    const words = message.tokens.filter((token) => !markers.includes(token.text));
    const join = (tokens) => tokens.map((token) => token.text).join("");
    this.finalText += join(words.filter((token) => token.is_final));
    document.querySelector("#final").textContent = this.finalText;
    document.querySelector("#partial").textContent = join(words.filter((token) => !token.is_final));
  }

  count(event) {
    return this.entries.filter((entry) => entry.event === event).length;
  }

  /** Wait for something; an error that the client tells meanwhile, or 40 s, are too much. */
  async until(condition, what) {
    const asked = performance.now();
    while (!condition()) {
      const told = JSON.stringify(this.entries.slice(-3));
      if (this.count("error")) throw new Error(`an error instead of ${what}: ${told}`);
      if (performance.now() - asked > PATIENCE_MS) throw new Error(`no ${what}: ${told}`);
      await sleep(10);
    }
  }

  told(event, times = 1) {
    return this.until(() => this.count(event) >= times, `${event} (${times})`);
  }

  /** Wait until the microphone has played so much. */
  played(ms) {
    return this.until(() => performance.now() - began >= ms, `${ms} ms played`);
  }

  /** Wait for an error that is meant to come. */
  async failed() {
    while (!this.count("error")) await sleep(10);
  }
}
