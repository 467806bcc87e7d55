"""The speech that comes with the embedded model, for a demonstration without a microphone."""

import io
import wave
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from oyez.cli.problems import INSTALL_SERVER, Problem

PACKAGE: Final = "moonshine_voice"
FILE: Final = "assets/two_cities.wav"
TITLE: Final = "A Tale of Two Cities"
SAMPLE_S: Final = 24.4
"""Where the reader pauses, after four sentences."""


def sample_path() -> Path:
    """Find the sample inside the model's wheel, whose code is not imported.

    Raises:
        Problem: The wheel is not installed.
    """
    spec = find_spec(PACKAGE)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(root) / FILE
        if path.is_file():
            return path
    raise Problem(
        "The sample speech travels with the embedded model, which is not installed. "
        f"Run: {INSTALL_SERVER}, or give a WAV file: oyez demo FILE"
    )


def beginning(path: Path, seconds: float) -> bytes:
    """Return the first seconds of a WAV file, as a WAV file.

    Raises:
        Problem: It is not a WAV file of PCM samples.
    """
    try:
        with wave.open(str(path), "rb") as whole:
            parameters = whole.getparams()
            samples = whole.readframes(round(seconds * whole.getframerate()))
    except (wave.Error, EOFError) as error:
        raise Problem(
            f"{path}: only PCM WAV files can be cut short ({error}). Leave --seconds out."
        ) from None
    cut = io.BytesIO()
    with wave.open(cut, "wb") as part:
        part.setparams(parameters)
        part.writeframes(samples)
    return cut.getvalue()
