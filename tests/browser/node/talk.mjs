/**
 * Talks through @soniox/node, which finds its key and the server's URL in the environment.
 * Run as: node talk.mjs FLOW AUDIO [OPTIONS]; prints what happened, one JSON object a line.
 */

import { readFile } from "node:fs/promises";
import { AuthError, BadRequestError, SonioxNodeClient, StateError } from "@soniox/node";
import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket; // Node has its own from version 22.

const [flow, path, options = "{}"] = process.argv.slice(2);
const audio = await readFile(path);
const client = new SonioxNodeClient();
const RAW = { model: "stt-rt-v5", audio_format: "pcm_s16le", sample_rate: 16_000, num_channels: 1 };
const BYTES_PER_MS = 32;
const PIECE_MS = 120;
const SPEED = 4;
const KINDS = { AuthError, BadRequestError, StateError };

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const note = (event, facts = {}) => console.log(JSON.stringify({ event, ...facts }));
const told = (session, event) => new Promise((resolve) => session.once(event, resolve));
const noteError = (event, error) => {
  const kind = Object.keys(KINDS).find((name) => error instanceof KINDS[name]) ?? error.name;
  note(event, { kind, message: error.message, statusCode: error.statusCode });
};

async function* pieces(bytes) {
  const size = PIECE_MS * BYTES_PER_MS;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function open(config) {
  const session = client.realtime.stt(config, { keepalive_interval_ms: 1_000 });
  session.on("result", ({ raw, tokens }) => {
    note("result", { message: raw });
    note("words", { text: tokens.map((token) => token.text).join("") });
  });
  for (const event of ["endpoint", "finalized", "finished", "disconnected"]) session.on(event, () => note(event));
  session.on("state_change", ({ new_state }) => note("state", { state: new_state }));
  session.on("error", (error) => noteError("error", error));
  await session.connect();
  return session;
}

const pace = { pace_ms: PIECE_MS / SPEED };

const flows = {
  /** A whole file, its format found by the server, its events taken by iteration. */
  async file() {
    const session = await open({ model: "stt-rt-v5", enable_endpoint_detection: true });
    const iterating = (async () => {
      for await (const { kind } of session) note("iterated", { kind });
    })();
    await session.sendStream(pieces(audio), { ...pace, finish: true });
    await iterating;
  },

  /** Finalizes, then pauses; what is sent in the pause is dropped. */
  async pause({ pauseMs, pauseForMs }) {
    const session = await open(RAW);
    const place = pauseMs * BYTES_PER_MS;
    await session.sendStream(pieces(audio.subarray(0, place)), pace);
    session.finalize({ trailing_silence_ms: 300 });
    const finalized = told(session, "finalized");
    session.pause(); // Finalizes too, and keeps the connection alive.
    await finalized;
    await session.sendStream(pieces(audio.subarray(0, place)), pace);
    await sleep(pauseForMs);
    session.keepAlive();
    session.resume();
    await session.sendStream(pieces(audio.subarray(place)), pace);
    await session.finish();
  },

  /** Refused while it sends. */
  async refused({ config }) {
    const session = await open({ ...RAW, ...config });
    try {
      await session.sendStream(pieces(audio), { ...pace, finish: true });
    } catch (error) {
      noteError("thrown", error);
    }
  },

  async close() {
    const session = await open(RAW);
    const result = told(session, "result");
    await session.sendStream(pieces(audio.subarray(0, 4_000 * BYTES_PER_MS)), pace);
    await result;
    session.close();
    await sleep(300);
  },
};

await flows[flow](JSON.parse(options));
