/**
 * What runs beside the sound card: samples of any rate to 16-bit PCM at 16 kHz, in pieces.
 *
 * Loaded by `microphone.js` into an AudioWorklet. It imports nothing, because not every browser
 * lets a worklet import.
 */

export const RATE_HZ = 16_000;
/** 60 ms: small beside the time in which words are read, and 17 messages a second. */
const PIECE_SAMPLES = 960;

/**
 * Changes the rate of a sound by a windowed sinc, after J. O. Smith, "Digital Audio Resampling":
 * what the new rate cannot hold is taken away first, so that no hiss becomes speech.
 */
export class Resampler {
  /** Zero crossings on each side of the filter's middle. */
  static CROSSINGS = 32;
  /** Share of the new band that is kept; the filter falls in the rest. */
  static BAND = 0.94;
  #step;
  #phases;
  #taps;
  #filters = new Map();
  #kept;
  #at = 0;

  /** @param {number} fromHz @param {number} [toHz] whole numbers */
  constructor(fromHz, toHz = RATE_HZ) {
    const divisor = greatestCommonDivisor(fromHz, toHz);
    this.#step = fromHz / divisor;
    this.#phases = toHz / divisor;
    this.cutoff = (Resampler.BAND * Math.min(fromHz, toHz)) / fromHz;
    this.#taps = 2 * Math.ceil(Resampler.CROSSINGS / this.cutoff);
    this.#kept = new Float32Array(this.#taps / 2 - 1); // silence before the first sample
  }

  /** How many samples of the input its answers lag behind. */
  get delaySamples() {
    return this.#step === this.#phases ? 0 : this.#taps / 2;
  }

  /** Take samples, return those of the new rate that they complete. */
  push(samples) {
    if (this.#step === this.#phases) return samples;
    const sound = new Float32Array(this.#kept.length + samples.length);
    sound.set(this.#kept);
    sound.set(samples, this.#kept.length);
    const out = [];
    // `#at` counts in `#phases`-th parts of an input sample, from the first that is kept.
    let whole = Math.floor(this.#at / this.#phases);
    while (whole + this.#taps <= sound.length) {
      const filter = this.#filter(this.#at % this.#phases);
      let sum = 0;
      for (let tap = 0; tap < this.#taps; tap += 1) sum += filter[tap] * sound[whole + tap];
      out.push(sum);
      this.#at += this.#step;
      whole = Math.floor(this.#at / this.#phases);
    }
    const done = Math.min(whole, sound.length);
    this.#at -= done * this.#phases;
    this.#kept = sound.slice(done);
    return Float32Array.from(out);
  }

  /** The filter for places so many parts of an input sample after its middle. */
  #filter(phase) {
    let filter = this.#filters.get(phase);
    if (filter === undefined) {
      const middle = this.#taps / 2 - 1 + phase / this.#phases;
      filter = Float32Array.from({ length: this.#taps }, (_, tap) => this.#weight(tap - middle));
      const sum = filter.reduce((left, right) => left + right, 0);
      filter = filter.map((weight) => weight / sum);
      this.#filters.set(phase, filter);
    }
    return filter;
  }

  /** A sinc under a Blackman window. */
  #weight(distance) {
    const share = (2 * distance) / this.#taps;
    if (Math.abs(share) >= 1) return 0;
    const window = 0.42 + 0.5 * Math.cos(Math.PI * share) + 0.08 * Math.cos(2 * Math.PI * share);
    const angle = Math.PI * this.cutoff * distance;
    return (angle === 0 ? 1 : Math.sin(angle) / angle) * window;
  }
}

function greatestCommonDivisor(left, right) {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}

/** Collects samples into pieces of 16-bit PCM, little-endian whatever the machine. */
export class Pieces {
  #onPiece;
  #view = new DataView(new ArrayBuffer(2 * PIECE_SAMPLES));
  #count = 0;

  constructor(onPiece) {
    this.#onPiece = onPiece;
  }

  push(samples) {
    for (const sample of samples) {
      const loudest = Math.max(-1, Math.min(1, sample));
      this.#view.setInt16(2 * this.#count, Math.round(loudest * 32_767), true);
      this.#count += 1;
      if (this.#count === PIECE_SAMPLES) this.flush();
    }
  }

  flush() {
    if (this.#count > 0) this.#onPiece(this.#view.buffer.slice(0, 2 * this.#count));
    this.#count = 0;
  }
}

if (globalThis.registerProcessor) {
  class Capture extends AudioWorkletProcessor {
    #resampler = new Resampler(sampleRate);
    #pieces = new Pieces((piece) => this.port.postMessage(piece, [piece]));
    #isOn = true;

    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        if (data === "stop") this.#stop();
      };
    }

    process([[channel]]) {
      if (channel && this.#isOn) this.#pieces.push(this.#resampler.push(channel));
      return this.#isOn;
    }

    /** Let go of what has been heard, also of what the filter still holds. */
    #stop() {
      if (this.#isOn) {
        this.#pieces.push(this.#resampler.push(new Float32Array(this.#resampler.delaySamples)));
        this.#pieces.flush();
      }
      this.#isOn = false;
      this.port.postMessage("stopped");
    }
  }
  registerProcessor("oyez-capture", Capture);
}
