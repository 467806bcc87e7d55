/**
 * The microphone: 16-bit PCM at 16 kHz by an AudioWorklet; where there is none, what the browser's
 * own recorder makes.
 *
 *     const microphone = await openMicrophone();
 *     const stream = await connect({ url, key, config: microphone.format, onMessage });
 *     microphone.start((chunk) => stream.send(chunk));
 *     ...
 *     await microphone.stop();
 *     await stream.finish();
 */

const RATE_HZ = 16_000;
const RECORDER_TYPES = ["audio/webm;codecs=opus", "audio/mp4;codecs=mp4a.40.2", "audio/mp4"];
const RECORDER_PIECE_MS = 100;
const STOP_TIMEOUT_MS = 2_000;
/** What is said between opening and `start` is kept, up to so many pieces of 60 or 100 ms. */
const MAX_EARLY_PIECES = 200;
const QUIETEST_DB = -60;
const SOUND = { channelCount: 1, echoCancellation: false, noiseSuppression: false };

/** Whether the browser lets this page record: only on HTTPS pages and on this machine's own. */
export const canRecord = () => Boolean(globalThis.isSecureContext && navigator.mediaDevices);

/**
 * Ask for the microphone and open it. Call it in answer to a click or a key, or browsers keep it
 * silent.
 *
 * @param {object} [options]
 * @param {MediaTrackConstraints} [options.audio] what to ask the browser for
 * @param {() => void} [options.onLost] told when the device goes away
 * @returns {Promise<Microphone>}
 * @throws {DOMException} `NotAllowedError`: the user, or the browser, forbids it;
 *   `NotFoundError`: there is none; `NotReadableError`: another program has it
 */
export async function openMicrophone({ audio = SOUND, onLost = () => {} } = {}) {
  const media = await navigator.mediaDevices.getUserMedia({ audio });
  const context = new AudioContext({ latencyHint: "interactive" });
  try {
    await context.resume();
    const worklet = await openWorklet(context);
    return new Microphone(media, context, worklet, onLost);
  } catch (error) {
    media.getTracks().forEach((track) => track.stop());
    await context.close();
    throw error;
  }
}

/** Return the node that makes PCM, or null where the browser has no worklets or may not load one. */
async function openWorklet(context) {
  if (!context.audioWorklet) return null;
  try {
    await context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
  } catch {
    return null; // The page's own Content-Security-Policy, for one, can forbid it.
  }
  return new AudioWorkletNode(context, "oyez-capture", { channelCount: 1, channelCountMode: "explicit" });
}

/** An open microphone. Made by `openMicrophone`. */
export class Microphone {
  /** Fields of the start message that say what the chunks are. */
  format;
  #media;
  #context;
  #worklet;
  #recorder = null;
  #analyser;
  #frame;
  #early = [];
  #onChunk = null;
  #isPaused = false;
  #capturedMs = 0;
  #clock = null;
  #stopped = null;

  constructor(media, context, worklet, onLost) {
    this.#media = media;
    this.#context = context;
    this.#worklet = worklet;
    this.#analyser = new AnalyserNode(context, { fftSize: 2048 });
    this.#frame = new Float32Array(this.#analyser.fftSize);
    const mute = new GainNode(context, { gain: 0 });
    const source = context.createMediaStreamSource(media);
    source.connect(this.#analyser);
    // Nodes that lead nowhere may be left out by the browser; these lead to silence.
    (worklet ? source.connect(worklet) : this.#analyser).connect(mute).connect(context.destination);
    if (worklet) {
      this.format = { audio_format: "pcm_s16le", sample_rate: RATE_HZ, num_channels: 1 };
      worklet.port.onmessage = ({ data }) => {
        if (data instanceof ArrayBuffer) this.#take(data);
        else this.#stopped?.();
      };
    } else {
      this.format = { audio_format: "auto" };
      this.#record();
    }
    media.getAudioTracks()[0].onended = onLost;
  }

  /** Whether the browser's recorder had to do. */
  get isFallback() {
    return this.#worklet === null;
  }

  /** Audio handed out so far, in ms; pauses do not count. */
  get capturedMs() {
    if (this.#onChunk === null) return 0;
    return this.#capturedMs + (this.#clock === null ? 0 : performance.now() - this.#clock);
  }

  /** How loud it is now: 0 is silence, 1 as loud as can be recorded; linear in decibels. */
  get level() {
    this.#analyser.getFloatTimeDomainData(this.#frame);
    const power = this.#frame.reduce((sum, sample) => sum + sample * sample, 0) / this.#frame.length;
    return Math.max(0, Math.min(1, 1 - (10 * Math.log10(power + 1e-12)) / QUIETEST_DB));
  }

  /** Hand out audio from now on, and first what has been said since the microphone was opened. */
  start(onChunk) {
    this.#onChunk = onChunk;
    this.#early.splice(0).forEach((piece) => this.#take(piece));
  }

  /** Hear nothing until `resume`: chunks are empty meanwhile, and keep a paused stream alive. */
  pause() {
    this.#isPaused = true;
    this.#setEnabled(false);
    if (this.#recorder?.state === "recording") this.#recorder.pause();
    this.#capturedMs = this.capturedMs;
    this.#clock = null;
  }

  resume() {
    this.#isPaused = false;
    this.#setEnabled(true);
    if (this.#recorder?.state !== "paused") return;
    this.#recorder.resume();
    this.#clock = performance.now();
  }

  /** Hand out the last piece and close the microphone. Calling it again does nothing. */
  async stop() {
    if (this.#context.state === "closed") return;
    await new Promise((resolve) => {
      this.#stopped = resolve;
      setTimeout(resolve, STOP_TIMEOUT_MS); // A device that was taken away may say nothing.
      if (this.#worklet) this.#worklet.port.postMessage("stop");
      else if (this.#recorder && this.#recorder.state !== "inactive") this.#recorder.stop();
      else resolve();
    });
    this.#media.getTracks().forEach((track) => track.stop());
    await this.#context.close();
  }

  #setEnabled(isEnabled) {
    this.#media.getAudioTracks().forEach((track) => (track.enabled = isEnabled));
  }

  /** Let the browser's recorder begin. What it makes has a head: no piece of it can be left out. */
  #record() {
    const mimeType = RECORDER_TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const recorder = new MediaRecorder(this.#media, { mimeType });
    recorder.ondataavailable = ({ data }) => {
      if (data.size > 0 && recorder === this.#recorder) this.#take(data);
    };
    recorder.onstop = () => recorder === this.#recorder && this.#stopped?.();
    recorder.start(RECORDER_PIECE_MS);
    this.#recorder = recorder;
    this.#capturedMs = 0;
    this.#clock = performance.now();
  }

  #take(piece) {
    if (this.#isPaused && this.#worklet) {
      this.#onChunk?.(new ArrayBuffer(0));
      return;
    }
    if (this.#onChunk === null) {
      this.#keep(piece);
      return;
    }
    if (this.#worklet) this.#capturedMs += (1_000 * piece.byteLength) / (2 * RATE_HZ);
    this.#onChunk(piece);
  }

  /** Keep what nobody takes yet: the newest of it. */
  #keep(piece) {
    this.#early.push(piece);
    if (this.#early.length <= MAX_EARLY_PIECES) return;
    if (this.#worklet) {
      this.#early.shift();
      return;
    }
    this.#early = [];
    this.#recorder.stop();
    this.#record();
  }
}
