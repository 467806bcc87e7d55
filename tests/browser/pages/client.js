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

function record({ url, key, config = { api_key: key, stt_ws_url: url } }, options = {}) {
  const diary = new Diary();
  const client = new SonioxClient({ config });
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
    await diary.played(endMs);
    await recording.stop();
    return diary;
  },

  /** Recorded in another container; Safari's recorder, for one, makes MP4. */
  async recorded({ url, key, endMs, mimeType }) {
    const source = new MicrophoneSource({ recorderOptions: { mimeType } });
    const [recording, diary] = record({ url, key }, { source });
    await diary.played(endMs);
    await recording.stop();
    return diary;
  },

  /** What is said in the pause is not heard. Keepalives hold the connection meanwhile. */
  async pause({ url, key, pauseMs, resumeMs, endMs }) {
    const options = { session_options: { keepalive_interval_ms: 1_000 } };
    const [recording, diary] = record({ url, key }, options);
    await diary.played(pauseMs);
    recording.pause();
    await diary.told("finalized");
    await diary.played(resumeMs);
    recording.resume();
    diary.note("resumed");
    await diary.played(endMs);
    recording.finalize({ trailing_silence_ms: 300 });
    recording.finalize();
    await recording.stop();
    return diary;
  },

  /** A muted track: the client drops pieces out of the middle of a recording that goes on. */
  async mute({ url, key, muteMs, unmuteMs, endMs }) {
    const source = new MicrophoneSource();
    const [recording, diary] = record({ url, key }, { source });
    await diary.played(muteMs);
    const [track] = source.stream.getAudioTracks();
    track.dispatchEvent(new Event("mute"));
    await diary.played(unmuteMs);
    track.dispatchEvent(new Event("unmute"));
    await diary.played(endMs);
    await recording.stop();
    return diary;
  },

  async cancel({ url, key, endMs }) {
    const [recording, diary] = record({ url, key });
    await diary.played(endMs);
    await diary.told("result");
    recording.cancel();
    diary.note("cancelled");
    await sleep(300);
    return diary;
  },

  /** Stopped while it connects: what was recorded until then arrives all at once, with its end. */
  async early({ url, key, endMs }) {
    let recording;
    let diary;
    const stopped = new Promise((resolve, reject) => {
      const config = async () => {
        await diary.played(endMs);
        return { api_key: key, stt_ws_url: url };
      };
      [recording, diary] = record({ config });
      recording.on("state_change", ({ new_state }) => {
        if (new_state === "connecting") recording.stop().then(resolve, reject);
      });
    });
    await stopped;
    return diary;
  },

  async refused({ url, key, model = MODEL }) {
    const [, diary] = record({ url, key }, { model, auto_reconnect: true });
    await diary.failed();
    await sleep(200);
    return diary;
  },

  /** The server goes away in the middle of the talk. */
  async lost({ url, key, reconnect }) {
    const [recording, diary] = record({ url, key }, {
      auto_reconnect: reconnect,
      reconnect_base_delay_ms: 2_000, // The server is back by then.
    });
    window.diary = diary;
    if (reconnect) {
      await diary.told("reconnected");
      const results = diary.count("result");
      await diary.told("result", results + 3);
      await recording.stop();
    } else {
      await diary.failed();
    }
    return diary;
  },
};
