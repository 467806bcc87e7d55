"""Lean models, made on first use and kept in a cache.

A model is converted once for each release of its weights and of the converter, in seconds. The
cache is a folder that anybody may delete at any time:

    CACHE/moonshine-tiny/DIGEST-s8/listener.onnx
                                   encoder.onnx
                                   decoder.onnx
                                   manifest.json    the digests of all three

It is written whole or not at all: into a folder of another name, which is renamed when it is
complete. Processes that convert at the same time do the same work, and the last one's folder stays.
What is read is checked against the manifest first; what is damaged is made anew. Where nothing can
be written, the model is converted at every start.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oyez.engines.moonshine.assets import ModelFiles
from oyez.engines.moonshine.convert import kernels as converter
from oyez.engines.moonshine.convert.kernels import Kernels, Numbers

CACHE_VARIABLE = "OYEZ_CACHE_DIR"
"""Environment variable that names the cache's folder."""

_log = logging.getLogger("oyez")
_MANIFEST = "manifest.json"
_PARTS = ("listener", "encoder", "decoder")
_UNFINISHED = ".unfinished-"
_ABANDONED_S = 3600.0
"""Nobody takes an hour to write a model."""
_DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class LeanModel:
    """The three graphs of a model, as ONNX files, or as the bytes of such.

    Files are better: onnxruntime keeps bytes that it was given for as long as the model is loaded.
    """

    listener: Path | bytes
    encoder: Path | bytes
    decoder: Path | bytes


def lean_model(engine: str, files: ModelFiles, numbers: Numbers) -> LeanModel:
    """Return a model's lean graphs, from the cache or made now.

    Args:
        engine: Name in the registry.
        files: The published model.
        numbers: What weights are multiplied as.

    Raises:
        EngineError: The published model is damaged, or of a kind that oyez does not know.
    """
    try:
        entry = cache_folder() / engine / f"{_digest(files)}-{numbers}"
    except RuntimeError as error:  # no home directory
        _warn("there is no cache folder", error)
        return LeanModel(*_convert(engine, files, numbers))
    if found := _find(entry):
        return found
    parts = _convert(engine, files, numbers)
    try:
        _write(entry, parts)
    except OSError as error:
        _warn("the cache cannot be written", error)
    return _find(entry) or LeanModel(*parts)


def cache_folder() -> Path:
    """Return where oyez keeps what it can make again.

    ``OYEZ_CACHE_DIR``, or the platform's folder for caches.

    Raises:
        RuntimeError: Neither is known: the user has no home directory.
    """
    if given := os.environ.get(CACHE_VARIABLE, "").strip():
        return Path(given).expanduser()
    return platform_cache(sys.platform, os.environ) / "oyez"


def platform_cache(system: str, environ: Mapping[str, str]) -> Path:
    """Return the folder for caches of a user's programs on a platform.

    Raises:
        RuntimeError: The user has no home directory.
    """
    if system == "win32":
        local = environ.get("LOCALAPPDATA", "")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if system == "darwin":
        return Path.home() / "Library" / "Caches"
    # XDG Base Directory Specification: relative paths are invalid and ignored.
    given = Path(environ.get("XDG_CACHE_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".cache"


def _convert(engine: str, files: ModelFiles, numbers: Numbers) -> tuple[bytes, ...]:
    # 0.3 s and 30 MB that are needed only here.
    from oyez.engines.moonshine.convert.decoder import decoder_model  # noqa: PLC0415
    from oyez.engines.moonshine.convert.encoder import encoder_model  # noqa: PLC0415
    from oyez.engines.moonshine.convert.listener import listener_model  # noqa: PLC0415
    from oyez.engines.moonshine.convert.weights import read_weights  # noqa: PLC0415

    _log.info("converting model=%s numbers=%s (on first use only)", engine, numbers)
    began = time.perf_counter()
    weights = read_weights(files.encoder, files.decoder)
    kernels = Kernels(numbers, numbers)
    writers = (listener_model, encoder_model, decoder_model)
    made = tuple(write(weights, kernels) for write in writers)
    _log.info("converted model=%s seconds=%.1f", engine, time.perf_counter() - began)
    return made


def _find(entry: Path) -> LeanModel | None:
    """Look into the cache; None when it is not there, or not what was written."""
    paths = [entry / f"{part}.onnx" for part in _PARTS]
    try:
        manifest = json.loads((entry / _MANIFEST).read_bytes())
        wanted = [manifest[part] for part in _PARTS]
        found = [_sha256(path) for path in paths]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _warn(f"{entry} cannot be read", error)
        return None
    if found != wanted:
        _warn(f"{entry} is damaged", "it is made anew")
        return None
    return LeanModel(*paths)


def _write(entry: Path, parts: Sequence[bytes]) -> None:
    """Put a model into the cache, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    _sweep(entry.parent)
    workplace = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=entry.parent))
    try:
        folder = workplace / "new"
        folder.mkdir()
        manifest = {}
        for part, data in zip(_PARTS, parts, strict=True):
            (folder / f"{part}.onnx").write_bytes(data)
            manifest[part] = hashlib.sha256(data).hexdigest()
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
        _put(folder, entry, workplace / "old")
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _put(folder: Path, entry: Path, aside: Path) -> None:
    """Rename a folder to `entry`, unless another process has put a sound one there.

    Raises:
        OSError: It cannot be renamed.
    """
    try:
        folder.rename(entry)
    except OSError:
        # It is there: another process's, or one that was found damaged.
        if _find(entry) is None:
            with contextlib.suppress(FileNotFoundError):
                entry.rename(aside)
            folder.rename(entry)


def _sweep(parent: Path) -> None:
    """Remove what processes left that were killed while they wrote."""
    for left in parent.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)


def _digest(files: ModelFiles) -> str:
    """Return a name for the weights and the code that converts them, whichever of them changes."""
    digest = hashlib.sha256()
    sources = sorted(Path(converter.__file__).parent.glob("*.py"))
    for path in (*sources, files.encoder, files.decoder):
        digest.update(_sha256(path).encode())
    return digest.hexdigest()[:_DIGEST_LENGTH]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _warn(what: str, why: object) -> None:
    _log.warning("model cache: %s: %s", what, why)
