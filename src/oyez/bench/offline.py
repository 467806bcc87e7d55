"""The engine without a server, reading whole clips: what streaming is held against."""

import threading

from oyez.bench.audio import SPEECH_RATE_HZ, Sound
from oyez.bench.corpus import Clip
from oyez.bench.energy import pieces_at_pauses
from oyez.engines.base import Recognizer, StreamOptions, Window


class Offline:
    """The engine without a server.

    Args:
        recognizer: The engine.
        is_careful: Read as the end of an utterance is read, else in one pass.
    """

    def __init__(self, recognizer: Recognizer, *, is_careful: bool = True) -> None:
        self._recognizer = recognizer
        self._is_careful = is_careful
        self._lock = threading.Lock()
        self.audio_s = 0.0
        """Read so far; clips may be read in several threads."""

    @property
    def longest_s(self) -> float:
        """Its longest window."""
        return self._recognizer.capabilities.max_window_ms / 1000

    def read_clip(self, clip: Clip) -> str:
        """Read a clip as a whole; one that is too long, segment by segment of its reference."""
        sound = clip.read()
        segments = clip.segments() if sound.seconds > self.longest_s else []
        if not segments:
            return self.read(sound)
        return " ".join(self.read(sound.part(part.start_s, part.end_s)) for part in segments)

    def read(self, sound: Sound) -> str:
        """Read a sound as a whole, or in pieces when it is too long for that."""
        heard = sound.at_speech_rate()
        pieces = [heard]
        if heard.seconds > self.longest_s:
            pieces = pieces_at_pauses(heard, longest_s=self.longest_s)
        return " ".join(self._read(piece) for piece in pieces)

    def _read(self, sound: Sound) -> str:
        assert sound.rate_hz == SPEECH_RATE_HZ
        stream = self._recognizer.open_stream(StreamOptions())
        window = Window(stream, sound.samples, 0, is_last=self._is_careful)
        (hypothesis,) = self._recognizer.recognize([window])
        stream.close()
        with self._lock:
            self.audio_s += sound.seconds
        floor = self._recognizer.capabilities.min_mean_logprob
        return hypothesis.text if hypothesis.mean_logprob >= floor else ""
