"""Speech through a pipeline of Pipecat: a voice activity detector, the Soniox service, a listener.

By default the service asks the server to finalize when the detector hears the speaker stop;
with --endpoints it leaves it to the server to find the ends of turns.
"""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

import asyncio
import time
from collections.abc import AsyncIterator
from importlib.metadata import version

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.soniox.stt import SonioxSTTService
from pipecat.workers.runner import WorkerRunner
from report import SAMPLE_RATE_HZ, Errand, at_the_pace_of_speech_async, errand, room, say

FRAME_MS = 20
SHORTEST_ROOM_S = 1.0


class Listener(FrameProcessor):
    """Tells what comes out of the service."""

    def __init__(self) -> None:
        super().__init__()
        self.unanswered = 0
        """Pauses that no transcription has followed yet."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case TranscriptionFrame():
                say("final", frame.text, frame.finalized)
                self.unanswered -= 1
            case InterimTranscriptionFrame():
                say("interim", frame.text)
            case VADUserStoppedSpeakingFrame():
                say("vad stopped")
                self.unanswered += 1
            case ProposedUserStartedSpeakingFrame():
                say("turn started")
            case ProposedUserStoppedSpeakingFrame():
                say("turn stopped")
            case _:
                pass
        await self.push_frame(frame, direction)


def tell(level: str, message: str) -> None:
    """Tell what Pipecat logs; what it logs of a socket that closed badly is for debugging only."""
    if level not in ("TRACE", "DEBUG", "INFO") or "did not acknowledge" in message:
        say("logged", level, message)


async def push(worker: PipelineWorker, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        frame = InputAudioRawFrame(audio=piece, sample_rate=SAMPLE_RATE_HZ, num_channels=1)
        await worker.queue_frame(frame)


async def speak(worker: PipelineWorker, listener: Listener, task: Errand) -> None:
    before, *after = task.parts
    await push(worker, at_the_pace_of_speech_async(before, FRAME_MS))
    for part in after:
        say("paused")
        await asyncio.sleep(task.pause_s)
        say("resumed")
        await push(worker, at_the_pace_of_speech_async(part, FRAME_MS))
    earliest_s = time.monotonic() + SHORTEST_ROOM_S

    def all_is_answered() -> bool:
        return not listener.unanswered and time.monotonic() > earliest_s

    await push(worker, room(FRAME_MS, until=all_is_answered))
    await worker.queue_frame(EndFrame())


async def main(task: Errand) -> None:
    service = SonioxSTTService(
        api_key=task.key, url=task.url, vad_force_turn_endpoint=not task.endpoints
    )
    listener = Listener()
    detector = VADProcessor(vad_analyzer=SileroVADAnalyzer())
    worker = PipelineWorker(
        Pipeline([detector, service, listener]),
        params=PipelineParams(audio_in_sample_rate=SAMPLE_RATE_HZ, enable_metrics=True),
    )

    @service.event_handler("on_connected")
    async def on_connected(_service: SonioxSTTService) -> None:
        say("connected")

    @service.event_handler("on_disconnected")
    async def on_disconnected(_service: SonioxSTTService) -> None:
        say("disconnected")

    @service.event_handler("on_connection_error")
    async def on_connection_error(_service: SonioxSTTService, error: str) -> None:
        say("connection error", error)

    @worker.event_handler("on_pipeline_error")
    async def on_pipeline_error(_worker: PipelineWorker, frame: Frame) -> None:
        say("error", frame.error, frame.category.value, service.is_usable)
        if not service.is_usable:
            await worker.cancel()

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    speaking = asyncio.create_task(speak(worker, listener, task))
    await runner.run()
    speaking.cancel()
    say("left", version("pipecat-ai"))


logger.remove()
logger.add(lambda line: tell(line.record["level"].name, line.record["message"]), level="DEBUG")
asyncio.run(main(errand()))
