"""Speech through the Soniox plugin of LiveKit, as an agent's session uses it.

It sends frames as a room gives them, no word about where speech ends, and no end of audio: the
stream is closed when nobody listens any more.
"""

# mypy: disable-error-code="import-not-found"

import asyncio
import time
from collections.abc import AsyncIterator
from importlib.metadata import version
from itertools import cycle

from livekit import rtc
from livekit.agents import APIError, stt, utils
from livekit.plugins import soniox
from report import (
    BYTES_PER_MS,
    SAMPLE_RATE_HZ,
    Errand,
    at_the_pace_of_speech_async,
    errand,
    room,
    say,
)

STEP_MS = 10
FRAMES_MS = (10, 20, 50)
LONGEST_DELAY_S = 2.0
"""`max_endpoint_delay_ms`, as the plugin sets it."""

EVERYTHING = soniox.STTOptions(
    language_hints=["en"],
    language_hints_strict=True,
    context=soniox.ContextObject(
        general=[soniox.ContextGeneralItem("topic", "failure")],
        text="A reading from Beckett.",
        terms=["Worstward Ho"],
        translation_terms=[soniox.ContextTranslationTerm("fail", "scheitern")],
    ),
    enable_speaker_diarization=True,
    enable_language_identification=True,
    max_endpoint_delay_ms=1_500,
    endpoint_sensitivity=0.3,
    endpoint_latency_adjustment_level=2,
    client_reference_id="oyez",
)


class Agent:
    """What an agent's session does with a stream, and what it knows of it."""

    def __init__(self, stream: stt.RecognizeStream, task: Errand) -> None:
        self._stream, self._task = stream, task
        self._pushed_s = 0.0
        self._processed_s = 0.0

    async def speak(self) -> None:
        """Push the speech, and the room after it until the server has heard an end."""
        before, *after = self._task.parts
        await self._push(at_the_pace_of_speech_async(before, STEP_MS))
        for part in after:
            say("paused")
            await asyncio.sleep(self._task.pause_s)
            say("resumed")
            await self._push(at_the_pace_of_speech_async(part, STEP_MS))
        if self._task.hang_up_ms:
            return
        enough_s = self._pushed_s + LONGEST_DELAY_S
        await self._push(room(STEP_MS, until=lambda: self._processed_s > enough_s))
        self._stream.end_input()

    async def _push(self, pieces: AsyncIterator[bytes]) -> None:
        """Push frames of several sizes, as microphones and rooms make them."""
        sizes, held = cycle(FRAMES_MS), bytearray()
        wanted_ms = next(sizes)
        async for piece in pieces:
            held += piece
            if len(held) >= wanted_ms * BYTES_PER_MS:
                frame = bytes(held)
                self._stream.push_frame(rtc.AudioFrame(frame, SAMPLE_RATE_HZ, 1, len(frame) // 2))
                self._pushed_s += len(frame) / BYTES_PER_MS / 1000
                held.clear()
                wanted_ms = next(sizes)
        say("pushed", self._pushed_s)

    async def listen(self) -> None:
        """Tell what the stream tells."""
        try:
            async for event in self._stream:
                if event.type is stt.SpeechEventType.RECOGNITION_USAGE:
                    duration_s = event.recognition_usage.audio_duration
                    self._processed_s += duration_s
                    say(event.type.value, duration_s)
                    continue
                for heard in event.alternatives:
                    times = heard.start_time, heard.end_time
                    say(event.type.value, heard.text, *times, heard.language)
                if not event.alternatives:
                    say(event.type.value)
        except APIError as error:
            say("raised", type(error).__name__, str(error))


async def main(task: Errand) -> None:
    async with utils.http_context.open():
        params = EVERYTHING if task.everything else None
        recogniser = soniox.STT(base_url=task.url, api_key=task.key, params=params)
        recogniser.on("error", lambda error: say("error", str(error.error), error.recoverable))
        stream = recogniser.stream()
        agent = Agent(stream, task)
        speaking = asyncio.create_task(agent.speak())
        listening = asyncio.create_task(agent.listen())
        await asyncio.wait((speaking, listening), return_when=asyncio.FIRST_COMPLETED)
        began_s = time.monotonic()
        await stream.aclose()
        say("closed", round(time.monotonic() - began_s, 1))
        speaking.cancel()
        await asyncio.gather(speaking, listening, return_exceptions=True)
        await recogniser.aclose()
    say("left", version("livekit-plugins-soniox"))


asyncio.run(main(errand()))
