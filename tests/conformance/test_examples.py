"""The programs in examples/ run as they are."""

import asyncio
import os
import re
import socket
import sys
import wave
from pathlib import Path

import pytest

from oyez import AsyncOyezClient
from oyez.server.run import ServerThread
from oyez.types import Token

from .sdks import KEY

EXAMPLES = Path(__file__).parents[2] / "examples"
PRINTS = {
    "transcribe_file.py": "Ever tried.\n",
    "transcribe_async.py": " Ever",
    "reconnect.py": "Ever tried.\n",
    "soniox_sdk_unchanged.py": "Ever tried",
}

LIVE = {"captions.py", "microphone.py", "radio.py"}
"""Those that `test_live_examples` runs."""


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
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(PRINTS) | LIVE


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


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def serve(port: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "oyez", "serve", "--port", str(port), "--model", "moonshine-tiny"),
        env=os.environ | {"OYEZ_API_KEY": KEY, "OYEZ_DATABASE_URL": "sqlite://"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def transcribe(port: int, audio: bytes) -> list[Token]:
    """Return the final tokens of a stream without losses."""
    client = AsyncOyezClient(api_key=KEY, base_url=f"http://127.0.0.1:{port}")
    config = {"audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1}
    async with client.realtime.stt.connect(
        config=config | {"enable_endpoint_detection": True}
    ) as session:
        await session.send_bytes(audio)
        return [
            token async for utterance in session.receive_utterances() for token in utterance.tokens
        ]


def text_of(tokens: list[Token]) -> str:
    return "".join(token.text for token in tokens)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@pytest.mark.real
async def test_reconnect_loses_no_word_when_the_server_is_killed(
    beckett_path: Path, beckett: bytes
) -> None:
    port = free_port()
    server = await serve(port)
    example = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLES / "reconnect.py",
        beckett_path,
        env=os.environ | {"OYEZ_API_KEY": KEY, "OYEZ_BASE_URL": f"http://127.0.0.1:{port}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert example.stdout
        async with asyncio.timeout(60):
            heard = await example.stdout.readuntil(b"matter")
        server.kill()
        await server.wait()
        server = await serve(port)
        async with asyncio.timeout(60):
            rest, err = await example.communicate()
        assert example.returncode == 0, err.decode()
        losses = [int(ms) for ms in re.findall(rb"Going on at (\d+) ms", err)]
        whole = await transcribe(port, beckett)
        second = await transcribe(port, beckett[losses[-1] * 32 :])
    finally:
        for process in (server, example):
            if process.returncode is None:
                process.kill()
                await process.wait()
    first = [token for token in whole if token.end_ms is not None and token.end_ms <= losses[-1]]
    assert words(text_of(first))[-1] == "matter"
    assert words((heard + rest).decode()) == words(f"{text_of(first)} {text_of(second)}")
    assert len(words(text_of(second))) == 6
    assert b"The connection closed without a close frame" in err
    assert b"nothing listens there" in err
