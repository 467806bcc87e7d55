/** The page: its buttons, and what stands where while somebody talks. */

import {
  OyezError,
  Transcript,
  canRecord,
  captions,
  connect,
  isMarker,
  openMicrophone,
  sendFile,
  srt,
  text,
  vtt,
} from "/js/oyez.js";
import { CaptionView, clock } from "./view.js";
import { Wave } from "./wave.js";

const READY_POLL_MS = 500;
const READY_POLLS = 240;
const DURATION_TIMEOUT_MS = 3_000;
/** Words over which the delay is judged: it shows their median. */
const DELAYS = 7;
/** A level below this for so long is taken for a microphone that is muted. */
const SILENT_LEVEL = 0.02;
const SILENT_MS = 4_000;

const find = (id) => document.getElementById(id);
const ui = Object.fromEntries(
  [
    "captions", "clear", "delay", "file", "file-name", "finalize", "model", "pause", "problem",
    "progress", "said", "save-srt", "save-txt", "save-vtt", "spoken", "status", "talk", "time",
    "upload", "wave", "welcome",
  ].map((id) => [id, find(id)]),
);
const url = new URL("/transcribe-websocket", location.href);
url.protocol = url.protocol === "https:" ? "wss:" : "ws:";

const wave = new Wave(ui.wave);
const view = new CaptionView(ui.captions, ui.said, ui.spoken);
let transcript = new Transcript();
let microphone = null;
let stream = null;
let name = "";
/** Whether there are words that have not been saved. */
let isUnsaved = false;
/** Words of this stream that are final, and the most that were ever on the page. */
let finalWords = 0;
let seenWords = 0;
let delaysMs = [];
/** Of the recording that is read: its length, if the browser can tell, and how much was sent. */
let durationMs = null;
let sentShare = 0;
let state = "loading";

/** What the page is doing: loading, idle, starting, listening, paused, finishing or file. */
function enter(next, status) {
  state = next;
  document.body.dataset.state = next;
  const isOpen = next === "listening" || next === "paused";
  label(ui.talk, isOpen || next === "file" ? "Stop" : "Start talking");
  label(ui.pause, next === "paused" ? "Resume" : "Pause");
  ui.talk.disabled = !(isOpen || next === "idle" || next === "file");
  ui.pause.disabled = !isOpen;
  ui.finalize.disabled = next !== "listening";
  ui.file.disabled = next !== "idle";
  ui.upload.hidden = next !== "file";
  ui.wave.hidden = next === "file";
  if (ui.status.textContent !== status) ui.status.textContent = status;
  showSaves();
}

function label(button, words) {
  button.querySelector("span").textContent = words;
}

function showSaves() {
  const isEmpty = transcript.isEmpty;
  for (const id of ["save-txt", "save-srt", "save-vtt"]) ui[id].disabled = isEmpty;
  ui.clear.disabled = isEmpty || state !== "idle";
  ui.welcome.hidden = ui.said.childElementCount > 0;
}

// Streams.

/** Get a key for one stream, and what the model can do. */
async function fetchKey() {
  const answer = await fetch("/page/key", { method: "POST" }).catch(() => {
    throw new OyezError("unreachable", "The server cannot be reached. Does it still run?");
  });
  if (answer.status === 401) location.reload(); // The passphrase is asked for again.
  if (!answer.ok) throw new OyezError("no_key", (await answer.text()).trim());
  return answer.json();
}

async function open(format) {
  const { api_key: key, model } = await fetchKey();
  const config = {
    ...format,
    enable_endpoint_detection: true,
    enable_language_identification: true,
    enable_speaker_diarization: model.supports_speaker_diarization,
    client_reference_id: "page",
  };
  transcript.beginStream();
  view.endParagraph();
  [finalWords, seenWords, delaysMs] = [0, 0, []];
  stream = await connect({ url, key, config, onMessage: hear });
}

function hear(message) {
  const news = transcript.add(message);
  view.show(news);
  isUnsaved ||= news.finals.some((token) => !isMarker(token));
  noteDelay(news);
  if (state === "file") showProgress();
  showSaves();
}

/** A word's delay is the audio that was recorded between its end and its first sight. */
function noteDelay({ finals, nonFinals }) {
  finalWords += finals.filter(beginsWord).length;
  const count = finalWords + nonFinals.filter(beginsWord).length;
  if (count <= seenWords || microphone === null) return;
  seenWords = count;
  const newest = [...finals, ...nonFinals].findLast((token) => !isMarker(token));
  delaysMs.push(Math.max(0, transcript.offsetMs + microphone.capturedMs - newest.end_ms));
  delaysMs = delaysMs.slice(-DELAYS);
  const median = delaysMs.toSorted((left, right) => left - right)[delaysMs.length >> 1];
  ui.delay.textContent = `${(median / 1_000).toFixed(1)} s`;
}

const beginsWord = (token) => !isMarker(token) && /^\s/u.test(token.text);

// Talking.

async function talk() {
  clearProblem();
  if (name && !mayReplace()) return; // A recording's captions have the recording's times.
  if (name) clear();
  enter("starting", "Starting");
  try {
    if (!canRecord()) throw new DOMException("", "SecurityError");
    microphone = await openMicrophone({ onLost });
    await open(microphone.format);
  } catch (error) {
    await giveUp(error);
    return;
  }
  const opened = stream;
  microphone.start((chunk) => opened.send(chunk));
  wave.start(level);
  enter("listening", "Listening");
  opened.done.catch(giveUp);
}

function onLost() {
  tellProblem(new OyezError("no_microphone", "The microphone is gone. What was said before is here."));
  stop();
}

let lastSoundMs = 0;

/** The level for the picture; notes when nothing at all is heard. */
function level() {
  const now = performance.now();
  const heard = state === "listening" ? microphone.level : 0;
  if (heard > SILENT_LEVEL || state !== "listening" || lastSoundMs === 0) lastSoundMs = now;
  const isSilent = now - lastSoundMs > SILENT_MS;
  if (state === "listening") {
    const words = isSilent ? "The microphone is silent. Is it muted?" : "Listening";
    if (ui.status.textContent !== words) ui.status.textContent = words;
  }
  ui.time.textContent = clock(transcript.offsetMs + microphone.capturedMs);
  return heard;
}

// A page in the background draws nothing, and so has not looked at the level.
document.addEventListener("visibilitychange", () => (lastSoundMs = 0));

function pauseOrResume() {
  if (state === "listening") {
    microphone.pause();
    stream.pause();
    enter("paused", "Paused");
  } else if (state === "paused") {
    stream.resume();
    microphone.resume();
    lastSoundMs = 0;
    enter("listening", "Listening");
  }
}

async function stop() {
  if (state !== "listening" && state !== "paused") return;
  enter("finishing", "Finishing");
  wave.stop();
  try {
    if (stream.isPaused) stream.resume();
    await microphone.stop();
    await stream.finish();
  } catch {
    return; // Told by `giveUp`.
  }
  view.endParagraph();
  wave.clear();
  microphone = stream = null;
  enter("idle", "Ready");
}

/** Say why it does not go on, and keep what was said. */
async function giveUp(error) {
  const [lostMicrophone, lostStream] = [microphone, stream];
  microphone = stream = null;
  wave.stop();
  wave.clear();
  if (error.type !== "cancelled") tellProblem(error);
  lostStream?.cancel();
  await lostMicrophone?.stop();
  view.endParagraph();
  enter("idle", "Ready");
}

const DEVICE_PROBLEMS = {
  NotAllowedError:
    "The browser does not let this page use the microphone. Allow it beside the address, then press the button again.",
  NotFoundError: "No microphone was found. Connect one, or open a recording.",
  NotReadableError: "The microphone cannot be opened: another program may be using it.",
  SecurityError:
    "Browsers open the microphone only for pages that came over HTTPS or from this machine. Recordings can be opened all the same.",
};

function tellProblem(error) {
  ui.problem.textContent = DEVICE_PROBLEMS[error.name] ?? error.message;
  if (error.moreInfo) {
    const link = document.createElement("a");
    link.href = error.moreInfo;
    link.target = "_blank";
    link.textContent = "What this means";
    ui.problem.append(" ", link);
  }
  ui.problem.hidden = false;
}

function clearProblem() {
  ui.problem.hidden = true;
  ui.problem.textContent = "";
}

// Recordings.

async function transcribe(file) {
  if (state !== "idle" || !mayReplace()) return;
  clearProblem();
  clear();
  name = file.name;
  ui["file-name"].textContent = name;
  ui.progress.value = 0;
  enter("file", "Transcribing");
  ui.talk.focus();
  sentShare = 0;
  try {
    durationMs = await durationOf(file);
    await open({ audio_format: "auto" });
    await sendFile(stream, file, (sentBytes) => {
      sentShare = sentBytes / file.size;
      showProgress();
    });
  } catch (error) {
    await giveUp(error);
    return;
  }
  stream = null;
  view.endParagraph();
  enter("idle", "Done");
}

/** How far a recording is read; where its length is not known, how much of it was sent. */
function showProgress() {
  const share = durationMs ? transcript.readMs / durationMs : sentShare;
  ui.progress.value = 100 * Math.min(1, share);
  ui.time.textContent = clock(transcript.readMs);
}

/** How long a recording is, in ms, or null when the browser cannot tell. */
async function durationOf(file) {
  const audio = new Audio();
  const address = URL.createObjectURL(file);
  const seconds = await new Promise((resolve) => {
    setTimeout(resolve, DURATION_TIMEOUT_MS);
    audio.onloadedmetadata = () => resolve(audio.duration);
    audio.onerror = () => resolve();
    audio.preload = "metadata";
    audio.src = address;
  });
  audio.removeAttribute("src");
  URL.revokeObjectURL(address);
  return Number.isFinite(seconds) ? 1_000 * seconds : null;
}

// The transcript.

const KINDS = {
  txt: ["text/plain", (tokens) => `${text(tokens)}\n`],
  srt: ["application/x-subrip", (tokens) => srt(captions(tokens))],
  vtt: ["text/vtt", (tokens) => vtt(captions(tokens))],
};

function save(kind) {
  const [type, write] = KINDS[kind];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([write(transcript.finals)], { type }));
  link.download = `${name.replace(/\.\w+$/, "") || "captions"}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  isUnsaved = false;
}

const mayReplace = () => !isUnsaved || confirm("Replace the captions that are on the page? They have not been saved.");

function clear() {
  transcript = new Transcript();
  view.clear();
  name = "";
  isUnsaved = false;
  ui.time.textContent = clock(0);
  ui.delay.textContent = "–";
  showSaves();
}

// What people do.

ui.talk.onclick = () => {
  if (state === "idle") talk();
  else if (state === "file") stream?.cancel();
  else stop();
};
ui.pause.onclick = pauseOrResume;
ui.finalize.onclick = () => stream.finalize();
for (const kind of Object.keys(KINDS)) ui[`save-${kind}`].onclick = () => save(kind);
ui.clear.onclick = () => {
  if (!mayReplace()) return;
  clear();
  ui.talk.focus();
};
ui.file.onchange = () => {
  const [file] = ui.file.files;
  if (file) transcribe(file);
  ui.file.value = "";
};

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
document.ondragover = (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = state === "idle" ? "copy" : "none";
  document.body.classList.toggle("dragging", state === "idle");
};
document.ondragleave = (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dragging");
};
document.ondrop = (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  document.body.classList.remove("dragging");
  const [file] = event.dataTransfer.files;
  if (file) transcribe(file);
};

// The beginning.

enter("loading", "Loading the model");
for (let poll = 0; poll < READY_POLLS; poll += 1) {
  const answer = await fetch("/readyz").catch(() => null);
  if (answer?.ok) {
    ui.model.textContent = (await answer.json()).model ?? "";
    enter("idle", "Ready");
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
}
