"""The programs in examples/ run as they are."""

import asyncio
import os
import sys
import wave
from pathlib import Path

import pytest

from oyez.server.run import ServerThread

from .sdks import KEY

EXAMPLES = Path(__file__).parents[2] / "examples"
PRINTS = {
    "transcribe_file.py": "Ever tried.\n",
    "transcribe_async.py": " Ever",
    "soniox_sdk_unchanged.py": "Ever tried",
}


@pytest.fixture
def clip(beckett: bytes, tmp_path: Path) -> Path:
    """The first two sentences."""
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(beckett[: 3 * 32_000])
    return path


async def run(example: str, clip: Path, **environment: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLES / example,
        clip,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PRINTS)


@pytest.mark.real
@pytest.mark.parametrize("example", PRINTS)
async def test_example(server: ServerThread, clip: Path, example: str) -> None:
    code, out, err = await run(example, clip, OYEZ_API_KEY=KEY, OYEZ_BASE_URL=server.websocket_url)
    assert (code, err) == (0, "")
    assert PRINTS[example] in out
    assert "<" not in out


@pytest.mark.parametrize("example", PRINTS)
async def test_example_with_a_wrong_key(
    scripted_server: ServerThread, clip: Path, example: str
) -> None:
    code, out, err = await run(
        example, clip, OYEZ_API_KEY="other", OYEZ_BASE_URL=scripted_server.websocket_url
    )
    assert code != 0
    assert out == ""
    if not example.startswith("soniox"):
        assert "Set OYEZ_API_KEY" in err
