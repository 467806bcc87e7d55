"""Converted models are kept, checked, and never half there; with real processes."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oyez.engines.moonshine.assets import TINY, locate
from oyez.engines.moonshine.convert.kernels import Numbers
from oyez.engines.moonshine.lean import (
    CACHE_VARIABLE,
    cache_folder,
    lean_model,
    platform_cache,
)

pytestmark = pytest.mark.real

LOAD = """
import hashlib, sys
from oyez.engines.moonshine.assets import TINY, locate
from oyez.engines.moonshine.convert.kernels import Numbers
from oyez.engines.moonshine.lean import lean_model
model = lean_model("moonshine-tiny", locate(TINY), Numbers.SIGNED)
digest = hashlib.sha256()
for part in (model.listener, model.encoder, model.decoder):
    digest.update(part if isinstance(part, bytes) else part.read_bytes())
print(digest.hexdigest())
"""
NO_LARGE_FILES = """
import resource, signal
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, 20_000_000))
"""
"""Writing the decoder fails, as on a full disk."""
DIE = "signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
"""Or kills the process."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    return folder


@pytest.fixture
def conversions(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], int]]:
    with caplog.at_level(logging.INFO, "oyez"):
        yield lambda: sum("converted model" in text for text in caplog.messages)


def load(numbers: Numbers = Numbers.SIGNED) -> bytes:
    model = lean_model("moonshine-tiny", locate(TINY), numbers)
    return b"".join(map(content, (model.listener, model.encoder, model.decoder)))


def content(part: Path | bytes) -> bytes:
    return part if isinstance(part, bytes) else part.read_bytes()


def entries(cache: Path) -> list[Path]:
    return sorted((cache / "moonshine-tiny").iterdir())


def start(code: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out.strip(), err


def test_a_model_is_converted_once(cache: Path, conversions: Callable[[], int]) -> None:
    first = load()
    assert conversions() == 1
    [entry] = entries(cache)
    assert sorted(path.name for path in entry.iterdir()) == [
        "decoder.onnx",
        "encoder.onnx",
        "listener.onnx",
        "manifest.json",
    ]
    assert load() == first
    assert conversions() == 1


def test_each_kind_of_processor_has_its_own(cache: Path) -> None:
    assert load(Numbers.SIGNED) != load(Numbers.UNSIGNED)
    assert [entry.name[-3:] for entry in entries(cache)] == ["-s8", "-u8"]


def flip_a_bit(entry: Path) -> None:
    data = bytearray((entry / "decoder.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (entry / "decoder.onnx").write_bytes(data)


def cut_off(entry: Path) -> None:
    os.truncate(entry / "encoder.onnx", 1000)


def lose(entry: Path) -> None:
    (entry / "decoder.onnx").unlink()


def garble(entry: Path) -> None:
    (entry / "manifest.json").write_text("[1,", "utf-8")


def forget(entry: Path) -> None:
    (entry / "manifest.json").write_text(json.dumps({"encoder": "0"}), "utf-8")


@pytest.mark.parametrize("damage", [flip_a_bit, cut_off, lose, garble, forget])
def test_a_damaged_model_is_made_anew(
    damage: Callable[[Path], None], cache: Path, conversions: Callable[[], int]
) -> None:
    first = load()
    damage(entries(cache)[0])
    assert load() == first
    assert load() == first
    assert conversions() == 2
    assert len(entries(cache)) == 1


@pytest.mark.parametrize("is_damaged", [False, True])
def test_processes_that_convert_at_once_agree(is_damaged: bool, cache: Path) -> None:
    if is_damaged:
        load()
        flip_a_bit(entries(cache)[0])
    answers = [finish(process) for process in [start(LOAD) for _ in range(4)]]
    assert {status for status, _, _ in answers} == {0}, answers
    assert len({digest for _, digest, _ in answers}) == 1
    [entry] = entries(cache)
    assert finish(start(LOAD))[1] == answers[0][1]
    assert len(list(entry.iterdir())) == 4


def test_a_process_that_dies_while_it_writes_leaves_nothing_half(
    cache: Path, conversions: Callable[[], int]
) -> None:
    status, out, _ = finish(start(NO_LARGE_FILES + DIE + LOAD))
    assert status == -signal.SIGXFSZ
    assert not out
    [left] = entries(cache)
    assert left.name.startswith(".unfinished-")
    load()
    assert conversions() == 1
    assert left.exists()  # for all we know, it is being written
    for path in (left, *left.rglob("*")):
        os.utime(path, (0, 0))
    load(Numbers.UNSIGNED)
    assert not left.exists()


def test_without_room_in_the_cache_a_model_is_still_converted(cache: Path) -> None:
    status, digest, err = finish(start(NO_LARGE_FILES + LOAD))
    assert status == 0
    assert "the cache cannot be written" in err
    assert not entries(cache)
    assert finish(start(LOAD))[1] == digest


def test_a_cache_that_cannot_be_made_only_costs_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    assert load()
    assert "the cache cannot be written" in caplog.text


def test_without_a_home_a_model_is_still_converted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert load()
    assert "there is no cache folder" in caplog.text


def test_the_cache_is_where_the_platform_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path.home()
    assert platform_cache("linux", {"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path
    assert platform_cache("linux", {"XDG_CACHE_HOME": "relative"}) == home / ".cache"
    assert platform_cache("linux", {}) == home / ".cache"
    assert platform_cache("darwin", {}) == home / "Library" / "Caches"
    assert platform_cache("win32", {"LOCALAPPDATA": str(tmp_path)}) == tmp_path
    assert platform_cache("win32", {}) == home / "AppData" / "Local"
    monkeypatch.setenv(CACHE_VARIABLE, "~/elsewhere")
    assert cache_folder() == home / "elsewhere"
    monkeypatch.setenv(CACHE_VARIABLE, " ")
    assert cache_folder().name == "oyez"
