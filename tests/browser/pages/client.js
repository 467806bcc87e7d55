/** Talks through @soniox/client: recordings from the microphone, with its own buffers. */

import {
  AuthError,
  BadRequestError,
  ConnectionError,
  MicrophoneSource,
  NetworkError,
  RealtimeSegmentBuffer,
  RealtimeUtteranceBuffer,
  SonioxClient,
} from "@soniox/client";
import { Diary, sleep } from "./diary.js";

const MODEL = "stt-rt-v5";
const KINDS = { AuthError, BadRequestError, ConnectionError, NetworkError };
const kind = (error) => Object.keys(KINDS).find((name) => error instanceof KINDS[name]) ?? error.name;

function record({ url, key }, options = {}) {
  const diary = new Diary();
  const client = new SonioxClient({ config: { api_key: key, stt_ws_url: url } });
  const utterances = new RealtimeUtteranceBuffer();
  const segments = new RealtimeSegmentBuffer();
  const recording = client.realtime.record({ model: MODEL, ...options });

  recording.on("result", (result) => {
    diary.result(result.raw);
    diary.note("words", { text: result.tokens.map((token) => token.text).join("") });
    utterances.addResult(result);
    for (const segment of segments.add(result)) diary.note("segment", { segment });
  });
  recording.on("endpoint", () => diary.note("endpoint", { utterance: utterances.markEndpoint() ?? null }));
  recording.on("finalized", () => diary.note("finalized"));
  recording.on("finished", () => diary.note("finished", { left: segments.flushAll() }));
  recording.on("connected", () => diary.note("connected"));
  recording.on("reconnecting", ({ attempt }) => diary.note("reconnecting", { attempt }));
  recording.on("reconnected", () => diary.note("reconnected"));
  recording.on("source_muted", () => diary.note("source_muted"));
  recording.on("source_unmuted", () => diary.note("source_unmuted"));
  recording.on("state_change", ({ new_state }) => diary.note("state", { state: new_state }));
  recording.on("error", (error) => {
    const { message, statusCode, raw } = error;
    diary.note("error", { kind: kind(error), message, statusCode, raw: raw?.error_type ? raw : null });
  });
  return [recording, diary];
}

window.talks = {
  async whole({ url, key, endMs }) {
    const [recording, diary] = record({ url, key }, {
      language_hints: ["en"],
      enable_language_identification: true,
      enable_endpoint_detection: true,
      max_endpoint_delay_ms: 2_000,
      endpoint_sensitivity: 0,
      endpoint_latency_adjustment_level: 0,
      client_reference_id: "reader-2",
    });
    await diary.heard(endMs);
    await recording.stop();
    return diary;
  },

  /** What is said in the pause is not heard. Keepalives hold the connection meanwhile. */
  async pause({ url, key, pauseMs, endMs, pauseForMs }) {
    const options = { session_options: { keepalive_interval_ms: 1_000 } };
    const [recording, diary] = record({ url, key }, options);
    await diary.heard(pauseMs);
    recording.pause();
    await diary.told("finalized");
    await sleep(pauseForMs);
    recording.resume();
    diary.note("resumed", { heardMs: diary.heardMs });
    await diary.heard(endMs);
    recording.finalize({ trailing_silence_ms: 300 });
    recording.finalize();
    await recording.stop();
    return diary;
  },

  /** A muted track: the client drops pieces out of the middle of a recording that goes on. */
  async mute({ url, key, muteMs, endMs, muteForMs }) {
    const source = new MicrophoneSource();
    const [recording, diary] = record({ url, key }, { source });
    await diary.heard(muteMs);
    const [track] = source.stream.getAudioTracks();
    track.dispatchEvent(new Event("mute"));
    await diary.told("finalized");
    await sleep(muteForMs);
    track.dispatchEvent(new Event("unmute"));
    diary.note("resumed", { heardMs: diary.heardMs });
    await diary.heard(endMs);
    await recording.stop();
    return diary;
  },

  async cancel({ url, key, endMs }) {
    const [recording, diary] = record({ url, key });
    await diary.heard(endMs);
    recording.cancel();
    await sleep(500);
    return diary;
  },

  /** Stopped before there is a connection: what was recorded until then is sent all the same. */
  async early({ url, key }) {
    const diary = new Diary();
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    const config = async () => {
      await released;
      return { api_key: key, stt_ws_url: url };
    };
    const client = new SonioxClient({ config });
    const recording = client.realtime.record({ model: MODEL });
    recording.on("result", (result) => diary.result(result.raw));
    recording.on("finished", () => diary.note("finished"));
    recording.on("error", ({ message }) => diary.note("error", { message }));
    await sleep(4_000);
    const stopped = recording.stop();
    release();
    await stopped;
    return diary;
  },

  async refused({ url, key, model = MODEL }) {
    const [, diary] = record({ url, key }, { model, auto_reconnect: true });
    while (!diary.count("error")) await sleep(10);
    await sleep(200);
    return diary;
  },

  /** The server goes away in the middle of the talk. */
  async lost({ url, key, reconnect }) {
    const [recording, diary] = record({ url, key }, {
      auto_reconnect: reconnect,
      reconnect_base_delay_ms: 500,
    });
    window.diary = diary;
    if (reconnect) {
      await diary.told("reconnected");
      diary.heardMs = 0;
      await diary.heard(2_000);
      await recording.stop();
    } else {
      while (!diary.count("error")) await sleep(10);
    }
    return diary;
  },
};
