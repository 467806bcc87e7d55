/**
 * The page's client code under Node: reads cases from standard input, prints what becomes of them.
 * Run as: node module.mjs MODULE_FOLDER < cases.json
 */

import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.argv[2]}/${name}`));
const { Transcript, captions, srt, text, vtt } = await load("oyez.js");
const { Pieces, Resampler } = await load("worklet.js");

const handlers = {
  render: ({ tokens }) => {
    const shown = captions(tokens);
    return { text: text(tokens), srt: srt(shown), vtt: vtt(shown) };
  },

  transcript: ({ streams }) => {
    const transcript = new Transcript();
    for (const messages of streams) {
      transcript.beginStream();
      messages.forEach((message) => transcript.add(message));
    }
    const { finals, nonFinals, readMs, isEmpty } = transcript;
    return { finals, nonFinals, readMs, isEmpty };
  },

  /** A tone of another rate, pushed in pieces of several sizes: what comes out, and the PCM of it. */
  resample: ({ rateHz, toneHz, seconds, sizes }) => {
    const resampler = new Resampler(rateHz);
    const count = rateHz * seconds;
    const tone = Float32Array.from({ length: count }, (_, i) => 0.5 * Math.sin((2 * Math.PI * toneHz * i) / rateHz));
    const out = [];
    for (let at = 0, turn = 0; at < count; turn += 1) {
      const size = sizes[turn % sizes.length];
      out.push(...resampler.push(tone.subarray(at, at + size)));
      at += size;
    }
    out.push(...resampler.push(new Float32Array(resampler.delaySamples)));
    return { samples: out.map((sample) => Math.round(sample * 1e6) / 1e6) };
  },

  pieces: ({ samples, sizes }) => {
    const made = [];
    const pieces = new Pieces((piece) => made.push(Buffer.from(piece).toString("hex")));
    for (let at = 0, turn = 0; at < samples.length; turn += 1) {
      const size = sizes[turn % sizes.length];
      pieces.push(samples.slice(at, at + size));
      at += size;
    }
    pieces.flush();
    return { made };
  },
};

let input = "";
for await (const chunk of process.stdin) input += chunk;
const answers = JSON.parse(input).map(({ what, ...facts }) => handlers[what](facts));
console.log(JSON.stringify(answers));
