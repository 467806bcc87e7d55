"""How a peer's process talks to the benchmark; needs numpy and the standard library only.

Standard input: frames of one byte (`A` audio, `F` flush, `E` end of the stream), four bytes of
length (little endian) and the payload, which is mono 16-bit audio at 16 kHz for `A`. Standard
output: one JSON object a line, the transcript as it stands, whenever it has changed: `final` and
`draft`, and `mark`: `ready` when the model is loaded, `fin` when everything before a flush is
final, `end` when the stream is over and the next may begin.

Audio that came in while the peer was busy is handed over in one piece, as from the ring buffer of a
microphone.
"""

import json
import queue
import struct
import sys
import threading
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Samples: TypeAlias = NDArray[np.float32]

RATE_HZ = 16_000
HEADER = struct.Struct("<cI")


class Ears(Protocol):
    """A recogniser of one stream at a time."""

    @property
    def final(self) -> str:
        """What will not change."""

    @property
    def draft(self) -> str:
        """What follows it for now."""

    def start(self) -> None:
        """Begin a stream: forget the last one."""

    def hear(self, samples: Samples) -> None:
        """Take audio, shape (samples,), float32 in [-1, 1]; recognise whatever is due."""

    def flush(self) -> None:
        """Make everything heard so far final; the stream goes on."""


def serve(ears: Ears) -> None:
    """Serve streams one after another until standard input ends."""
    frames: queue.SimpleQueue[tuple[bytes, bytes] | None] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(frames,), daemon=True).start()
    shown = ("", "")
    ears.start()
    _say("", "", "ready")
    kept: tuple[bytes, bytes] | None = None
    while (frame := kept or frames.get()) is not None:
        kept = None
        kind, payload = frame
        if kind == b"A":
            pieces = [payload]
            while not frames.empty():
                kept = frames.get()
                if kept is None or kept[0] != b"A":
                    break
                pieces.append(kept[1])
                kept = None
            samples = np.frombuffer(b"".join(pieces), "<i2").astype(np.float32) / 32768.0
            ears.hear(samples)
            if (ears.final, ears.draft) != shown:
                shown = (ears.final, ears.draft)
                _say(*shown, None)
            continue
        ears.flush()
        shown = (ears.final, ears.draft)
        _say(*shown, "fin" if kind == b"F" else "end")
        if kind == b"E":
            shown = ("", "")
            ears.start()


def _read(frames: "queue.SimpleQueue[tuple[bytes, bytes] | None]") -> None:
    source = sys.stdin.buffer
    while len(head := source.read(HEADER.size)) == HEADER.size:
        kind, length = HEADER.unpack(head)
        frames.put((kind, source.read(length)))
    frames.put(None)


def _say(final: str, draft: str, mark: str | None) -> None:
    line = json.dumps({"final": final, "draft": draft, "mark": mark})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
