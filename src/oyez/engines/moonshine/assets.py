"""Where the models lie: inside wheels, found without importing what is in them.

Importing moonshine_voice or moonshine_cpp would load their native libraries, each with its own copy
of onnxruntime. Only their data files are wanted.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from oyez.errors import ModelNotInstalledError


@dataclass(frozen=True, slots=True)
class Assets:
    """Which files of which wheel make one model."""

    engine: str
    """Name in the registry."""
    package: str
    """Top-level package whose folder holds the files."""
    folder: str
    """Path inside the package."""
    remedy: str
    """What to do when the files are missing, in one sentence."""
    heads: tuple[tuple[int, int], ...] = ()
    """Layers and heads of the decoder whose attention to the audio follows the speech: chosen one
    after another on 31 development clips, for the smallest mean error of words' starts."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model, all of them present."""

    encoder: Path
    decoder: Path
    vocabulary: Path


TINY = Assets(
    engine="moonshine-tiny",
    package="moonshine_voice",
    folder="assets/tiny-en",
    remedy="Run: pip install 'oyez[server]', or pip install --no-deps moonshine-voice==0.0.73.",
    heads=((3, 0), (4, 6), (4, 7), (5, 4), (5, 7)),
)
BASE = Assets(
    engine="moonshine-base",
    package="moonshine_cpp",
    folder="models/base-en",
    remedy=(
        "Run: pip install --no-deps moonshine-cpp==0.1.4 (built for Linux x86_64 and "
        "macOS arm64 only), or use moonshine-tiny."
    ),
    heads=((4, 2), (5, 1), (5, 5), (7, 4), (7, 6)),
)


def locate(assets: Assets) -> ModelFiles:
    """Find the files of a model.

    Raises:
        ModelNotInstalledError: The package is not installed, or lacks one of the files.
    """
    spec = find_spec(assets.package)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(root) / assets.folder
        files = ModelFiles(
            encoder=folder / "encoder_model.ort",
            decoder=folder / "decoder_model_merged.ort",
            vocabulary=folder / "tokenizer.bin",
        )
        if files.encoder.is_file() and files.decoder.is_file() and files.vocabulary.is_file():
            return files
    raise ModelNotInstalledError(assets.engine, assets.remedy)
