"""What every client makes of ten seconds of real speech."""

import asyncio
import re
from pathlib import Path

import pytest

from engines.speech import BECKETT, word_error_rate
from oyez import AsyncOyezClient
from oyez.server.run import ServerThread
from oyez.types import RealtimeSTTConfig

from .runs import KEY, LOCK, PATIENT, Run

pytestmark = [pytest.mark.real, PATIENT]

CLIENTS = (
    "raw",
    "soniox",
    "soniox-async",
    "livekit",
    "livekit-agent",
    "pipecat",
    "pipecat-endpoints",
)
WORST_WER = 0.25
"""Three of the twelve words; the smallest model mishears two of them."""


def final_text(run: Run) -> str:
    if shown := run.facts("shown"):
        return re.sub("<end>|<fin>", "", str(shown[-1]))
    transcribed = [text for _, text, is_final in run.all("transcribed") if is_final]
    return "".join(run.facts("final_transcript") or run.facts("final") or transcribed)


def was_shown_early(run: Run) -> bool:
    """Whether some words were shown before they were final."""
    return any(
        kind in ("interim", "interim_transcript")
        or (kind == "shown" and facts[1])
        or (kind == "transcribed" and not facts[1])
        for kind, *facts in run.lines
    )


@pytest.mark.parametrize("client", CLIENTS)
def test_the_words_arrive(talks: dict[str, Run], client: str) -> None:
    text = final_text(talks[client].end())
    assert word_error_rate(BECKETT, text) <= WORST_WER
    assert text.lower().startswith("ever tried")
    assert "<" not in text


@pytest.mark.parametrize("client", CLIENTS)
def test_words_show_before_they_are_final(talks: dict[str, Run], client: str) -> None:
    """Some do even on a busy machine."""
    assert was_shown_early(talks[client].end())


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_goes_wrong_on_the_way(talks: dict[str, Run], client: str) -> None:
    """No error, no reconnecting, no warning, nothing on standard error."""
    run = talks[client].end()
    assert run.all("error", "raised", "connection error", "send failed") == []
    logged = [message for _, _, message in run.all("logged")]
    # LiveKit's agents warn when their own ear for pauses falls behind on a busy machine.
    assert [message for message in logged if "vad" not in message.lower()] == []
    assert run.errors == "" or client.startswith("pipecat"), "its banner goes there"
    assert "WARNING" not in run.errors
    assert "ERROR" not in run.errors


@pytest.mark.parametrize("client", ["raw", "soniox", "soniox-async"])
def test_the_stream_finishes_and_the_socket_closes_with_1000(
    talks: dict[str, Run], client: str
) -> None:
    run = talks[client].end()
    assert [line[0] for line in run.lines if line[0] != "shown"][:2] == ["finished", "closed"]
    assert run.facts("closed") == [1000]
    _, _, pending = run.all("shown")[-1]
    assert pending == ""


@pytest.mark.parametrize(
    ("client", "has_endpoints"),
    [
        ("raw", False),
        ("soniox-async", False),
        ("soniox", True),
        ("livekit", True),
        ("livekit-agent", True),
        ("pipecat-endpoints", True),
    ],
)
async def test_the_words_are_those_that_our_sdk_gets(
    talks: dict[str, Run],
    server: ServerThread,
    beckett_path: Path,
    client: str,
    has_endpoints: bool,
) -> None:
    """However the audio was cut, packed and paced."""
    config = RealtimeSTTConfig(model="stt-rt-v5", enable_endpoint_detection=has_endpoints)
    ours = AsyncOyezClient(api_key=KEY, websocket_base_url=server.websocket_url)
    async with ours.realtime.stt.connect(config=config) as session:
        await session.send_bytes(beckett_path.read_bytes())
        await session.finish()
        tokens = [token async for event in session.receive_events() for token in event.tokens]
    expected = "".join(
        token.text for token in tokens if token.is_final and not token.text.startswith("<")
    )
    run = await asyncio.to_thread(talks[client].end)
    assert final_text(run) == expected


@pytest.mark.parametrize(
    ("client", "package"),
    [
        ("soniox", "soniox"),
        ("soniox-async", "soniox"),
        ("livekit", "livekit-plugins-soniox"),
        ("livekit-agent", "livekit-agents"),
        ("pipecat", "pipecat-ai"),
    ],
)
def test_the_clients_are_the_releases_in_the_lock(
    talks: dict[str, Run], client: str, package: str
) -> None:
    (version,) = talks[client].end().facts("left")
    assert f"\n{package}=={version} " in LOCK.read_text()
