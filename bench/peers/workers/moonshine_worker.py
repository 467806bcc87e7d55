"""moonshine-voice's own streaming transcriber, with its defaults: an update every half second.

Arguments: the name of the model, `tiny` or `base`. The weights of tiny lie in the wheel of
moonshine-voice, those of base in that of moonshine-cpp, whose files it reads as well. A line of the
transcript is final when the library says that it is complete; a flush is its `stop` and `start`.
"""

import sys
from pathlib import Path
from typing import Any

import moonshine_voice  # type: ignore[import-untyped]
from moonshine_voice.moonshine_api import ModelArch  # type: ignore[import-untyped]
from moonshine_voice.transcriber import (  # type: ignore[import-untyped]
    Transcriber,
    TranscriptEvent,
)
from moonshine_voice.utils import get_assets_path  # type: ignore[import-untyped]
from peer_io import RATE_HZ, Samples, serve  # type: ignore[import-not-found]


class MoonshineEars:
    """One stream of the library's transcriber.

    Args:
        transcriber: With a loaded model.
    """

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._stream: Any = None
        self._past = ""
        self._lines: list[Any] = []

    @property
    def final(self) -> str:
        """The complete lines."""
        return " ".join([self._past, *(line.text for line in self._lines if line.is_complete)])

    @property
    def draft(self) -> str:
        """The lines that are not complete."""
        return " ".join(line.text for line in self._lines if not line.is_complete)

    def start(self) -> None:
        """Begin a stream."""
        if self._stream is not None:
            self._stream.close()
        self._past, self._lines = "", []
        self._stream = self._transcriber.create_stream()
        self._stream.add_listener(self._hear_of)
        self._stream.start()

    def hear(self, samples: Samples) -> None:
        """Take audio; the library transcribes when half a second of it has come."""
        self._stream.add_audio(samples.tolist(), RATE_HZ)

    def flush(self) -> None:
        """Complete the line."""
        transcript = self._stream.stop()
        if transcript is not None:
            self._lines = transcript.lines
        self._past = " ".join([self._past, *(line.text for line in self._lines)])
        self._lines = []
        self._stream.start()

    def _hear_of(self, event: TranscriptEvent) -> None:
        """Keep the newest text of every line."""
        known = [line for line in self._lines if line.line_id != event.line.line_id]
        self._lines = sorted([*known, event.line], key=lambda line: float(line.start_time))


def model_folder(name: str) -> tuple[Path, ModelArch]:
    """Return where a model's files lie."""
    if name == "tiny":
        return Path(get_assets_path()) / "tiny-en", ModelArch.TINY
    site = Path(moonshine_voice.__file__).parent.parent
    (encoder,) = (site / "moonshine_cpp" / "models").rglob("encoder_model.ort")
    return encoder.parent, ModelArch.BASE


if __name__ == "__main__":
    folder, arch = model_folder(sys.argv[1])
    serve(MoonshineEars(Transcriber(str(folder), arch)))
