"""The talks that the tests look at. Microphones play in real time, so talks are held together."""

import asyncio
import json
import os
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from oyez import AsyncOyezClient
from oyez.protocol.limits import Limits
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from oyez.types import RealtimeSTTConfig
from server.wire import KEY

from .browser import HERE, TALK_TIMEOUT_S, Pages, program
from .microphone import (
    CALM_MS,
    ENCORE_END_MS,
    END_MS,
    MID_SENTENCE_MS,
    PAUSE_MS,
    RESUME_MS,
    SPLIT_MS,
    UNMUTE_MS,
)
from .told import Told

WEB, CLIENT, REACT = "speech_to_text_web", "client", "react"
IDLE_S = 3.0
"""How long one of the servers waits for a silent client: shorter than any pause."""
HELD_ONCE = pytest.mark.timeout(300)
"""The first test that looks at a talk waits for all of them."""
OTHER_KEY = "another-key"
OTHER_MODEL = "nova-3"

Outcomes = dict[str, Told | BaseException]


class TalkError(Exception):
    """A talk that did not go to its end."""


class Talks:
    """Talks by their names; to look at one that did not go to its end raises why."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    def __getitem__(self, name: str) -> Told:
        told = self._outcomes[name]
        if isinstance(told, BaseException):
            raise TalkError(f"{name}: {type(told).__name__}: {told}")
        return told


@dataclass(frozen=True)
class Plan:
    """A flow in a page."""

    page: str
    flow: str
    options: dict[str, Any]


def settings(model: str = "moonshine-tiny", *, port: int = 0, **limits: float) -> Settings:
    return Settings(api_key=KEY, port=port, model=model, limits=Limits(**limits))


def longest_plans(hasty: ServerThread) -> dict[str, Plan]:
    """The talk that goes through all that the microphone plays."""
    options = {"url": hasty.websocket_url, "key": KEY, "pauseMs": PAUSE_MS, "resumeMs": RESUME_MS}
    return {"client pause": Plan(CLIENT, "pause", options | {"endMs": ENCORE_END_MS})}


def long_plans(patient: ServerThread) -> dict[str, Plan]:
    """Talks that go through most of it."""
    url = {"url": patient.websocket_url, "key": KEY}
    captions = url | {"pauseMs": PAUSE_MS, "endMs": END_MS}
    return {
        "web whole": Plan(WEB, "whole", url | {"endMs": END_MS}),
        "web finalize": Plan(
            WEB, "finalize", url | {"pauseMs": PAUSE_MS, "endMs": MID_SENTENCE_MS}
        ),
        "client whole": Plan(CLIENT, "whole", url | {"endMs": END_MS}),
        "client mute": Plan(
            CLIENT, "mute", url | {"muteMs": PAUSE_MS, "unmuteMs": UNMUTE_MS, "endMs": END_MS}
        ),
        "react endpoints": Plan(REACT, "captions", captions | {"endpoints": True}),
        "react finalize": Plan(REACT, "captions", captions | {"endpoints": False}),
    }


def short_plans(patient: ServerThread) -> dict[str, Plan]:
    """Talks that are over after a few seconds."""
    url = {"url": patient.websocket_url, "key": KEY, "endMs": 3_000}
    first, calm = url | {"endMs": PAUSE_MS}, url | {"endMs": CALM_MS}
    wrong_key, wrong_model = url | {"key": OTHER_KEY}, url | {"model": OTHER_MODEL}
    return {
        "web cancel": Plan(WEB, "cancel", url),
        "web wrong key": Plan(WEB, "refused", wrong_key),
        "web wrong model": Plan(WEB, "refused", wrong_model),
        "client early": Plan(CLIENT, "early", first),
        "client mp4": Plan(CLIENT, "recorded", calm | {"mimeType": "audio/mp4;codecs=opus"}),
        "client pcm": Plan(CLIENT, "recorded", calm | {"mimeType": "audio/webm;codecs=pcm"}),
        "client cancel": Plan(CLIENT, "cancel", url),
        "client wrong key": Plan(CLIENT, "refused", wrong_key),
        "client wrong model": Plan(CLIENT, "refused", wrong_model),
    }


async def hold_all(pages: Pages, microphone: Path, wav: Path, raw: Path) -> Talks:
    """Hold every talk.

    Args:
        pages: Where pages open, in a browser that hears `microphone`.
        microphone: What it hears.
        wav: `beckett.wav`, at 16 kHz.
        raw: The same without a header.
    """
    with (
        ServerThread(settings()) as patient,
        ServerThread(settings(idle_timeout_s=IDLE_S)) as hasty,
    ):

        async def one_after_another() -> Outcomes:
            long = await hold(pages, long_plans(patient))
            short, lost, others = await asyncio.gather(
                hold(pages, short_plans(patient)),
                lose_the_server(pages),
                run_nodes(patient, hasty, wav, raw),
            )
            return long | short | lost | others

        sdk = await transcribe(patient, microphone)
        longest, rest = await asyncio.gather(hold(pages, longest_plans(hasty)), one_after_another())
    return Talks(longest | rest | {"sdk": sdk})


async def hold(pages: Pages, plans: dict[str, Plan]) -> Outcomes:
    """Open all pages, then let all talk at once."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(pages.open(plan.page)) for plan in plans.values()]
        told = await asyncio.gather(
            *(
                page.talk(plan.flow, **plan.options)
                for page, plan in zip(opened, plans.values(), strict=True)
            ),
            return_exceptions=True,
        )
    return dict(zip(plans, told, strict=True))


async def lose_the_server(pages: Pages) -> Outcomes:
    """Two pages talk while their server goes away; one may reconnect when it is back."""
    names = {"client lost": False, "client reconnected": True}
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(pages.open(CLIENT)) for _ in names]
        # Not to be cut off by a server in a hurry: a busy browser reads its last words late.
        first = ServerThread(replace(settings("scripted"), shutdown_grace_s=TALK_TIMEOUT_S))
        port = first.port
        with first:
            options = {"url": first.websocket_url, "key": KEY}
            talks = [
                asyncio.create_task(page.talk("lost", **options, reconnect=reconnect))
                for page, reconnect in zip(opened, names.values(), strict=True)
            ]
            for page in opened:
                await page.until("window.diary?.count('result') >= 2")
            await asyncio.to_thread(first.stop)
        with ServerThread(settings("scripted", port=port)):
            told = await asyncio.gather(*talks, return_exceptions=True)
    return dict(zip(names, told, strict=True))


async def transcribe(server: ServerThread, wav: Path) -> Told:
    """What the project's own SDK hears in the same talk."""
    client = AsyncOyezClient(api_key=KEY, websocket_base_url=server.websocket_url)
    config = RealtimeSTTConfig(model="stt-rt-v5", enable_endpoint_detection=True)
    async with client.realtime.stt.connect(config=config) as session:
        await session.send_bytes(wav.read_bytes())
        events = [event async for event in session.receive_events()]
    return Told(
        [
            {"event": "result", "message": event.model_dump(mode="json", exclude_unset=True)}
            for event in events
        ]
    )


async def run_nodes(patient: ServerThread, hasty: ServerThread, wav: Path, raw: Path) -> Outcomes:
    """Every talk under Node, at once."""
    pause = {"pauseMs": SPLIT_MS, "pauseForMs": 1_500 * IDLE_S}
    wrong_model = {"config": {"model": OTHER_MODEL}}
    talks: dict[str, Awaitable[Told]] = {
        "node file": run_node(patient, "file", wav),
        "node pause": run_node(hasty, "pause", raw, pause),
        "node wrong key": run_node(patient, "refused", raw, key=OTHER_KEY),
        "node wrong model": run_node(patient, "refused", raw, wrong_model),
        "node close": run_node(patient, "close", raw),
    }
    told = await asyncio.gather(*talks.values(), return_exceptions=True)
    return dict(zip(talks, told, strict=True))


async def run_node(
    server: ServerThread,
    flow: str,
    audio: Path,
    options: dict[str, Any] | None = None,
    key: str = KEY,
) -> Told:
    """Run a talk of the client for Node; its key and URL are in the environment."""
    environment = {"SONIOX_API_KEY": key, "SONIOX_WS_URL": server.websocket_url}
    process = await asyncio.create_subprocess_exec(
        program("node"),
        HERE / "node" / "talk.mjs",
        flow,
        audio,
        json.dumps(options or {}),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TALK_TIMEOUT_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    complaints = err.decode().splitlines()
    told = Told([json.loads(line) for line in out.splitlines()], complaints=complaints)
    if process.returncode:
        raise TalkError(
            f"node left with {process.returncode} after {told.order[-5:]}: {complaints}"
        )
    return told
