/** Recordings: a file, sent as fast as the server takes it. */

const PIECE_BYTES = 64 * 1024;
/** Bytes that may wait for the network before the next piece is read from the disk. */
const WAITING_BYTES = 512 * 1024;
const LOOK_AGAIN_MS = 25;

/**
 * Send a file and its end; resolves when the last word has come.
 *
 * Open the stream with `audio_format: "auto"`, or with the format of the file.
 *
 * @param {Stream} stream
 * @param {Blob} file
 * @param {(sentBytes: number) => void} [onProgress] how much has left for the network
 * @throws {OyezError} the stream ended before the file did
 */
export async function sendFile(stream, file, onProgress = () => {}) {
  for (let at = 0; at < file.size && !stream.isOver; at += PIECE_BYTES) {
    const piece = await file.slice(at, at + PIECE_BYTES).arrayBuffer();
    // A server that is busy stops reading, and then so must this: the stream's own end bounds it.
    while (stream.waitingBytes > WAITING_BYTES && !stream.isOver) await pause(LOOK_AGAIN_MS);
    stream.send(piece);
    onProgress(Math.min(at + PIECE_BYTES, file.size) - stream.waitingBytes);
  }
  await stream.finish();
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
