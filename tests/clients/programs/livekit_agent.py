"""An agent of LiveKit that hears through the Soniox plugin and leaves the ends of turns to it.

It has no room and no language model: its microphone is a file, and turns are all it tells.
"""

# mypy: disable-error-code="import-not-found, misc"

import asyncio
from collections.abc import AsyncIterator
from importlib.metadata import version

from livekit import rtc
from livekit.agents import Agent, AgentSession, CloseEvent, StopResponse, io, llm, utils
from livekit.plugins import soniox
from report import LAST_WORD, SAMPLE_RATE_HZ, Errand, at_the_pace_of_speech_async, errand, room, say

FRAME_MS = 50


class Microphone(io.AudioInput):
    """Frames at the pace of speech."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        super().__init__(label="microphone")
        self._pieces = pieces

    async def __anext__(self) -> rtc.AudioFrame:
        piece = await anext(self._pieces)
        return rtc.AudioFrame(piece, SAMPLE_RATE_HZ, 1, len(piece) // 2)


class Listener(Agent):
    """Tells turns, and answers none."""

    def __init__(self) -> None:
        super().__init__(instructions="Listen.")
        self.heard = ""

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        self.heard += f" {new_message.text_content}"
        say("turn", new_message.text_content)
        raise StopResponse


async def main(task: Errand) -> None:
    listener = Listener()
    done = asyncio.Event()

    async def microphone() -> AsyncIterator[bytes]:
        async for piece in at_the_pace_of_speech_async(task.pcm, FRAME_MS):
            yield piece
        async for piece in room(FRAME_MS, until=lambda: LAST_WORD in listener.heard):
            yield piece
        done.set()

    def closed(event: CloseEvent) -> None:
        say("closed", event.reason.value)
        done.set()

    async with utils.http_context.open():
        session = AgentSession(
            stt=soniox.STT(base_url=task.url, api_key=task.key),
            turn_handling={"turn_detection": "stt"},
        )
        session.on("user_state_changed", lambda event: say("user", event.new_state))
        session.on(
            "user_input_transcribed",
            lambda event: say("transcribed", event.transcript, event.is_final),
        )
        session.on("error", lambda event: say("error", str(event.error)))
        session.on("close", closed)
        session.input.audio = Microphone(microphone())
        await session.start(listener, record=False)
        await done.wait()
        await session.aclose()
    say("left", version("livekit-agents"))


asyncio.run(main(errand()))
