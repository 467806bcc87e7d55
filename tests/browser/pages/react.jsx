/** A page with @soniox/react: its words are what its store says. */

import { SonioxProvider, useRecording } from "@soniox/react";
import { useRef } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";
import { Diary } from "./diary.js";

const diary = new Diary();
const ui = {};

function Captions({ endpoints }) {
  const recording = useRecording({
    model: "stt-rt-v5",
    enable_endpoint_detection: endpoints,
    onResult: (result) => {
      diary.note("result", { message: result.raw });
    },
    onEndpoint: () => diary.note("endpoint"),
    onFinalized: () => diary.note("finalized"),
    onFinished: () => diary.note("finished"),
    onError: ({ message }) => diary.note("error", { message }),
  });
  Object.assign(ui, recording);
  const shown = useRef("");
  if (shown.current !== recording.text) {
    shown.current = recording.text;
    diary.note("shown", { text: recording.text, isFinal: recording.text === recording.finalText });
  }
  return (
    <p>
      <b id="final">{recording.finalText}</b>
      <i id="partial">{recording.partialText}</i>
    </p>
  );
}

window.talks = {
  async captions({ url, key, endMs, pauseMs, endpoints }) {
    const root = createRoot(document.querySelector("#app"));
    flushSync(() =>
      root.render(
        <SonioxProvider config={{ api_key: key, stt_ws_url: url }}>
          <Captions endpoints={endpoints} />
        </SonioxProvider>,
      ),
    );
    ui.start();
    await diary.played(pauseMs);
    if (!endpoints) ui.finalize();
    await diary.played(endMs);
    await ui.stop();
    await diary.until(() => ui.state === "stopped", "state stopped");
    diary.note("store", {
      text: ui.text,
      utterances: ui.utterances.map(({ text }) => text),
      finalTokens: ui.finalTokens.map(({ text }) => text),
    });
    return diary;
  },
};
