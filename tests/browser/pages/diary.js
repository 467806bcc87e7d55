/** What a client told its page, in order; and the page's words, as a reader sees them. */

const PATIENCE_MS = 40_000;
const markers = ["<end>", "<fin>"];

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Diary {
  entries = [];
  /** How much audio the server has worked through. */
  heardMs = 0;
  finalText = "";
  partialText = "";

  note(event, facts = {}) {
    this.entries.push({ event, ...facts });
  }

  /** Note a message of the server, and show its words. */
  result(message) {
    this.note("result", { message });
    this.heardMs = message.total_audio_proc_ms;
    const words = message.tokens.filter((token) => !markers.includes(token.text));
    const join = (tokens) => tokens.map((token) => token.text).join("");
    this.finalText += join(words.filter((token) => token.is_final));
    this.partialText = join(words.filter((token) => !token.is_final));
    document.querySelector("#final").textContent = this.finalText;
    document.querySelector("#partial").textContent = this.partialText;
  }

  count(event) {
    return this.entries.filter((entry) => entry.event === event).length;
  }

  /** Wait for something; an error of the client, or 40 s, end the wait. */
  async until(condition, what) {
    const begin = performance.now();
    while (!condition()) {
      const told = JSON.stringify(this.entries.slice(-3));
      if (this.count("error")) throw new Error(`an error instead of ${what}: ${told}`);
      if (performance.now() - begin > PATIENCE_MS) throw new Error(`no ${what}: ${told}`);
      await sleep(10);
    }
  }

  heard(ms) {
    return this.until(() => this.heardMs >= ms, `${ms} ms heard`);
  }

  told(event, times = 1) {
    return this.until(() => this.count(event) >= times, `${event} ${times}`);
  }


  get shown() {
    return document.querySelector("#final").textContent + document.querySelector("#partial").textContent;
  }
}
