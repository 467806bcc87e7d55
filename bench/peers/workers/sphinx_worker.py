"""PocketSphinx with the English model of its wheel, and its own endpointer.

The endpointer's defaults decide what is speech and when an utterance is over (final); within it the
decoder's best path is shown after every piece of audio. A flush ends the utterance.
"""

from typing import Any

import numpy as np
import pocketsphinx  # type: ignore[import-not-found, unused-ignore]
from peer_io import RATE_HZ, Samples, serve  # type: ignore[import-not-found]


class SphinxEars:
    """One stream of utterances."""

    def __init__(self) -> None:
        self._decoder = pocketsphinx.Decoder(samprate=RATE_HZ, loglevel="FATAL")
        self._endpointer: Any = None
        self._kept = b""
        self._is_open = False
        self.final = ""
        self.draft = ""

    def start(self) -> None:
        """Begin a stream."""
        if self._is_open:
            self._close()
        self._endpointer = pocketsphinx.Endpointer(sample_rate=RATE_HZ)
        self._kept = b""
        self.final = self.draft = ""

    def hear(self, samples: Samples) -> None:
        """Take audio, in the endpointer's frames."""
        self._kept += (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
        size = self._endpointer.frame_bytes
        while len(self._kept) >= size:
            frame, self._kept = self._kept[:size], self._kept[size:]
            speech = self._endpointer.process(frame)
            if speech is not None:
                self._take(speech)
                if not self._endpointer.in_speech:
                    self._close()
        if self._is_open:
            best = self._decoder.hyp()
            self.draft = "" if best is None else best.hypstr

    def flush(self) -> None:
        """End the utterance."""
        if self._endpointer.in_speech:
            # An empty rest is an error to the endpointer: one sample of silence is none.
            speech = self._endpointer.end_stream(self._kept or bytes(2))
            if speech is not None:
                self._take(speech)
        if self._is_open:
            self._close()
        self._endpointer = pocketsphinx.Endpointer(sample_rate=RATE_HZ)
        self._kept = b""

    def _take(self, speech: bytes) -> None:
        if not self._is_open:
            self._decoder.start_utt()
            self._is_open = True
        self._decoder.process_raw(speech)

    def _close(self) -> None:
        self._decoder.end_utt()
        self._is_open = False
        best = self._decoder.hyp()
        self.final += "" if best is None else f" {best.hypstr}"
        self.draft = ""


if __name__ == "__main__":
    serve(SphinxEars())
