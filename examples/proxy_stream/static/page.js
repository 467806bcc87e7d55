import { Transcript, connect, openMicrophone, text } from "/oyez/oyez.js";

const [button, final, guess, problem] = ["talk", "final", "guess", "problem"].map((id) =>
  document.getElementById(id),
);
let stop = null;

async function talk() {
  const transcript = new Transcript();
  const microphone = await openMicrophone();
  const stream = await connect({
    url: `${location.origin.replace("http", "ws")}/talk`,
    config: microphone.format,
    onMessage(message) {
      transcript.add(message);
      final.textContent = text(transcript.finals);
      guess.textContent = ` ${text(transcript.nonFinals)}`;
    },
  });
  microphone.start((chunk) => stream.send(chunk));
  button.textContent = "Stop";
  stop = async () => {
    await microphone.stop();
    await stream.finish(); // until the last word has come
  };
  await stream.done.finally(() => microphone.stop());
}

button.onclick = async () => {
  if (stop) {
    stop();
    return;
  }
  problem.textContent = "";
  await talk().catch((error) => (problem.textContent = error.message));
  stop = null;
  button.textContent = "Talk";
};
