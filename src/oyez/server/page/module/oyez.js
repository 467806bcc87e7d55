/**
 * Speech to text in the browser, by a server of the oyez protocol. No dependencies, no build step.
 *
 *     import { Transcript, connect, openMicrophone, text } from "/js/oyez.js";
 *
 *     const transcript = new Transcript();
 *     const microphone = await openMicrophone(); // in answer to a click
 *     const stream = await connect({
 *       url: "wss://speech.example/transcribe-websocket",
 *       key: fetchTemporaryKey, // from a server of yours: never the real key
 *       config: { ...microphone.format, enable_endpoint_detection: true },
 *       onMessage(message) {
 *         transcript.add(message);
 *         show(text([...transcript.finals, ...transcript.nonFinals]));
 *       },
 *     });
 *     microphone.start((chunk) => stream.send(chunk));
 */

export { captions, srt, vtt } from "./captions.js";
export { sendFile } from "./file.js";
export { Microphone, canRecord, openMicrophone } from "./microphone.js";
export { OyezError, Stream, connect } from "./stream.js";
export { Transcript, isMarker, joined, paragraphs, text, words } from "./transcript.js";
