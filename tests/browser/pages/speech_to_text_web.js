/** Talks through @soniox/speech-to-text-web, used as its README says. */

import { SonioxClient } from "@soniox/speech-to-text-web";
import { Diary, sleep } from "./diary.js";

const MODEL = "stt-rt-preview";

function open({ url, key }, options = {}) {
  const diary = new Diary();
  const client = new SonioxClient({
    webSocketUri: url,
    apiKey: key,
    onStarted: () => diary.note("started"),
    onFinished: () => diary.note("finished"),
    onPartialResult: (result) => diary.result(result),
    onStateChange: ({ newState }) => diary.note("state", { state: newState }),
    onError: (status, message, errorCode) => diary.note("error", { status, message, errorCode }),
    ...options,
  });
  return [client, diary];
}

window.talks = {
  /** The whole of it; the key comes late, so the first words wait in the client's queue. */
  async whole({ url, key, endMs }) {
    const apiKey = async () => {
      await sleep(1_500);
      return key;
    };
    const [client, diary] = open({ url }, { apiKey, keepAlive: true, keepAliveInterval: 1_000 });
    client.start({
      model: MODEL,
      languageHints: ["en"],
      context: {
        general: [{ key: "domain", value: "Literature" }],
        terms: ["Beckett"],
      },
      enableLanguageIdentification: true,
      enableEndpointDetection: true,
      clientReferenceId: "reader-1",
    });
    await diary.played(endMs);
    client.stop();
    await diary.told("finished");
    return diary;
  },

  /** Finalizes in a pause, stops in the middle of a sentence. */
  async finalize({ url, key, pauseMs, endMs }) {
    const [client, diary] = open({ url, key });
    // Before there is a connection: it waits in the queue, and goes out before any audio.
    const onStateChange = ({ newState }) => newState === "OpeningWebSocket" && client.finalize();
    client.start({ model: MODEL, onStateChange });
    await diary.played(pauseMs);
    client.finalize();
    const fins = () => diary.entries.filter(({ message }) => message?.tokens.some(({ text }) => text === "<fin>"));
    await diary.until(() => fins().length === 2, "second <fin>");
    await diary.played(endMs);
    client.stop();
    client.finalize();
    await diary.told("finished");
    return diary;
  },

  /** Another recording with the same client, once the first was cancelled. */
  async cancel({ url, key, endMs }) {
    const [client, diary] = open({ url, key });
    client.start({ model: MODEL });
    await diary.played(endMs);
    await diary.told("result");
    client.cancel();
    diary.note("cancelled");
    await sleep(300);
    diary.note("again");
    client.start({ model: MODEL });
    await diary.told("started", 2);
    await diary.played(endMs);
    client.stop();
    await diary.told("finished");
    return diary;
  },

  async refused({ url, key, model = MODEL }) {
    const [client, diary] = open({ url, key });
    client.start({ model });
    await diary.failed();
    await sleep(200);
    return diary;
  },
};
