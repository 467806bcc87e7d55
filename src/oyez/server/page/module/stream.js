/**
 * The conversation with a server: one stream over one WebSocket.
 *
 *     const stream = await connect({ url, key, config, onMessage: (message) => ... });
 *     stream.send(bytes);            // as often as there is audio
 *     stream.finalize();             // what was said so far becomes final now
 *     await stream.finish();         // until the last word has come
 */

const SUBPROTOCOL = "soniox-api-key";
const CONNECT_TIMEOUT_MS = 10_000;
/** How often a paused stream says that it is still there; servers wait 20 s. */
const KEEPALIVE_MS = 5_000;
/** How long the server may say nothing after the end of the audio. */
const FINISH_TIMEOUT_MS = 60_000;
/** Audio that may wait for the network: more than four minutes of PCM at 16 kHz. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/** Why a stream could not begin or go on. */
export class OyezError extends Error {
  name = "OyezError";

  /**
   * @param {string} type an `error_type` of the server, or one of these: `unreachable` (no server
   *   answers there), `connection_lost`, `too_slow` (the network takes less than is said),
   *   `no_answer`, `cancelled`
   * @param {string} message what happened, for people
   * @param {{code?: number, requestId?: string, moreInfo?: string}} facts what the server added
   */
  constructor(type, message, { code, requestId, moreInfo } = {}) {
    super(message);
    Object.assign(this, { type, code, requestId, moreInfo });
  }
}

/**
 * Open a stream. Resolves when the server has been told the configuration; a refusal by the server
 * comes later and rejects `stream.done`.
 *
 * @param {object} options
 * @param {string | URL} options.url the WebSocket, such as `wss://speech.example/transcribe-websocket`
 * @param {string | (() => Promise<string>)} [options.key] a temporary key, or what fetches one; left
 *   out where a server of your own stands between and adds its own
 * @param {object} [options.config] fields of the start message; `model` and `audio_format` have
 *   defaults
 * @param {(message: object) => void} [options.onMessage] told every message that has tokens or
 *   counters, in order
 * @returns {Promise<Stream>}
 * @throws {OyezError} `unreachable`, or whatever fetching the key threw
 */
export async function connect({ url, key, config = {}, onMessage = () => {} }) {
  const secret = typeof key === "function" ? await key() : key;
  const socket = new WebSocket(url, secret === undefined ? [] : [SUBPROTOCOL, secret]);
  socket.binaryType = "arraybuffer";
  await opened(socket);
  socket.send(JSON.stringify({ model: "stt-rt-v5", audio_format: "auto", ...config }));
  return new Stream(socket, onMessage);
}

function opened(socket) {
  return new Promise((resolve, reject) => {
    const refuse = () => {
      clearTimeout(timer);
      socket.onclose = socket.onerror = null;
      socket.close();
      const { origin } = new URL(socket.url);
      reject(new OyezError("unreachable", `No transcription server answers at ${origin}.`));
    };
    const timer = setTimeout(refuse, CONNECT_TIMEOUT_MS);
    socket.onclose = socket.onerror = refuse;
    socket.onopen = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

/** An open stream. Made by `connect`. */
export class Stream {
  /**
   * Resolves when the server has sent the last word, rejects with an `OyezError` when the stream
   * ends in any other way.
   */
  done;
  #socket;
  #onMessage;
  #settle;
  #hasEnded = false;
  #isOver = false;
  #keepalive;
  #toldMs = 0;
  #patience;

  constructor(socket, onMessage) {
    this.#socket = socket;
    this.#onMessage = onMessage;
    this.done = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.done.catch(() => {}); // Told to those who wait; nobody has to.
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onerror = null;
    socket.onclose = ({ code }) =>
      this.#fail(new OyezError("connection_lost", `The connection was lost (${code}).`, { code }));
  }

  /** Whether audio is dropped at the moment; see `pause`. */
  get isPaused() {
    return this.#keepalive !== undefined;
  }

  /** Whether the stream is over, well or not. */
  get isOver() {
    return this.#isOver;
  }

  /** Bytes that wait for the network. */
  get waitingBytes() {
    return this.#socket.bufferedAmount;
  }

  /**
   * Send audio, in pieces of any size. Dropped while paused and after the end.
   *
   * @param {ArrayBuffer | ArrayBufferView | Blob} chunk
   */
  send(chunk) {
    if (this.isPaused) this.#keepAlive();
    if (this.isPaused || this.#hasEnded || this.#isOver || chunk.byteLength === 0) return;
    if (this.waitingBytes > MAX_WAITING_BYTES) {
      this.#fail(new OyezError("too_slow", "The network is too slow for this audio."));
      return;
    }
    this.#socket.send(chunk);
  }

  /** Make everything said so far final; the server answers with the token `<fin>`. */
  finalize() {
    this.#say({ type: "finalize" });
  }

  /** Finalize, then drop audio and keep the connection alive until `resume`. */
  pause() {
    if (this.isPaused || this.#hasEnded || this.#isOver) return;
    this.finalize();
    this.#toldMs = performance.now();
    this.#keepalive = setInterval(() => this.#keepAlive(), KEEPALIVE_MS / 4);
  }

  /** Send audio again. */
  resume() {
    clearInterval(this.#keepalive);
    this.#keepalive = undefined;
  }

  /** End the audio and wait for the last word; the same as `done` from then on. */
  finish() {
    if (!this.#hasEnded && !this.#isOver) {
      this.resume();
      this.#hasEnded = true;
      this.#socket.send("");
      this.#wait();
    }
    return this.done;
  }

  /** Close at once; what is not final yet is lost. `done` rejects with `cancelled`. */
  cancel() {
    this.#fail(new OyezError("cancelled", "The stream was cancelled."));
  }

  /**
   * Say that this end is still there, if it is time. Also asked when audio is dropped, because the
   * timers of a page in the background hardly run.
   */
  #keepAlive() {
    if (performance.now() - this.#toldMs < KEEPALIVE_MS) return;
    this.#toldMs = performance.now();
    this.#say({ type: "keepalive" });
  }

  #say(message) {
    if (!this.#hasEnded && !this.#isOver) this.#socket.send(JSON.stringify(message));
  }

  #hear(data) {
    const message = JSON.parse(data);
    if ("error_code" in message) {
      const { error_type: type, error_code: code, error_message: text } = message;
      const facts = { code, requestId: message.request_id, moreInfo: message.more_info };
      this.#fail(new OyezError(type ?? "internal_error", text, facts));
      return;
    }
    if (this.#hasEnded) this.#wait();
    this.#onMessage(message);
    if (message.finished) this.#end(() => this.#settle.resolve());
  }

  /** Give the server time to answer. */
  #wait() {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(
      () => this.#fail(new OyezError("no_answer", "The server says nothing any more.")),
      FINISH_TIMEOUT_MS,
    );
  }

  #fail(error) {
    this.#end(() => this.#settle.reject(error));
  }

  #end(settle) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.resume();
    clearTimeout(this.#patience);
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    settle();
  }
}
