/**
 * A backend with @soniox/node: temporary keys, and a look at models, limits and usage.
 * It finds its key and the server in the environment, as an application does.
 * Run as: node keys.mjs AUDIO; prints what happened, one JSON object a line.
 */

import { readFile } from "node:fs/promises";
import { AuthError, SonioxHttpError, SonioxNodeClient } from "@soniox/node";
import { WebSocket } from "ws";

globalThis.WebSocket ??= WebSocket; // Node has its own from version 22.

const audio = await readFile(process.argv[2]);
const backend = new SonioxNodeClient();
const note = (event, facts = {}) => console.log(JSON.stringify({ event, ...facts }));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function* pieces() {
  for (let at = 0; at < audio.length; at += 16_384) yield audio.subarray(at, at + 16_384);
}

/** What a page does with the key that it was handed. */
async function talk(name, api_key) {
  const page = new SonioxNodeClient({ api_key });
  const session = page.realtime.stt({ model: "stt-rt-v5", client_reference_id: "of the page" });
  const said = [];
  session.on("result", ({ tokens }) => said.push(...tokens.filter((token) => token.is_final)));
  let cause = null;
  session.on("error", (error) => (cause ??= error));
  try {
    await session.connect();
    await session.sendStream(pieces(), { pace_ms: 60, finish: true });
    note(name, { text: said.map((token) => token.text).join("") });
  } catch {
    note(name, { isAuthError: cause instanceof AuthError, message: cause?.message });
  }
}

async function refused(name, call) {
  try {
    await call();
    note(name, { statusCode: null });
  } catch (error) {
    const isHttpError = error instanceof SonioxHttpError;
    note(name, { isHttpError, statusCode: error.statusCode, body: JSON.parse(error.bodyText) });
  }
}

const models = await backend.models.list();
note("models", { models });

const key = await backend.auth.createTemporaryKey({
  usage_type: "transcribe_websocket",
  expires_in_seconds: 60,
  single_use: true,
  client_reference_id: "user-7",
  max_session_duration_seconds: 600,
});
note("key", { expires_at: key.expires_at, fields: Object.keys(key) });
const before = await backend.concurrencyLimits.get();
const talking = talk("first", key.api_key);
let during = before;
for (let tries = 0; tries < 200 && during.project.current.transcribe_concurrent === 0; tries += 1) {
  await sleep(20);
  during = await backend.concurrencyLimits.get();
}
note("limits", { before, during });
await talking;
await talk("second", key.api_key);

const times = {
  start_time: new Date(Date.now() - 3_600_000).toISOString(),
  end_time: new Date(Date.now() + 60_000).toISOString(),
};
const logs = [];
for (let tries = 0; tries < 200 && logs.length === 0; tries += 1) {
  for await (const log of await backend.usageLogs.list({ ...times, limit: 1 })) logs.push(log);
  await sleep(20);
}
note("logs", { logs });
note("summary", { summary: await backend.usageLogs.getSummary(times) });
const asked = { ...times, period_sec: 60, kind: "stt" };
note("history", { history: await backend.concurrencyLimits.getHistory(asked) });

const stranger = new SonioxNodeClient({ api_key: "no such key" });
await refused("stranger", () => stranger.models.list());
await refused("too long", () =>
  backend.auth.createTemporaryKey({
    usage_type: "transcribe_websocket",
    expires_in_seconds: 60,
    client_reference_id: "x".repeat(257),
  }),
);
await refused("backwards", () =>
  backend.usageLogs.list({ start_time: times.end_time, end_time: times.start_time }),
);
