"""Speech through a pipeline of Pipecat: the Soniox service, and the user's side of a bot.

By default the bot finds pauses and ends of turns by itself, and the service asks the server to
finalize in each pause; with --endpoints the service leaves it to the server to end turns.
"""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

import asyncio
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
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregator,
    LLMUserAggregatorParams,
    UserTurnStoppedMessage,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.soniox.stt import (
    SonioxContextGeneralItem,
    SonioxContextObject,
    SonioxContextTranslationTerm,
    SonioxSTTService,
)
from pipecat.transcriptions.language import Language
from pipecat.workers.runner import WorkerRunner
from report import LAST_WORD, SAMPLE_RATE_HZ, Errand, at_the_pace_of_speech_async, errand, room, say

FRAME_MS = 20

EVERYTHING = SonioxSTTService.Settings(
    language_hints=[Language.EN],
    language_hints_strict=True,
    context=SonioxContextObject(
        general=[SonioxContextGeneralItem(key="topic", value="failure")],
        text="A reading from Beckett.",
        terms=["Worstward Ho"],
        translation_terms=[SonioxContextTranslationTerm(source="fail", target="scheitern")],
    ),
    enable_speaker_diarization=True,
    enable_language_identification=True,
    max_endpoint_delay_ms=1_500,
    endpoint_sensitivity=0.3,
    endpoint_latency_adjustment_level=2,
    client_reference_id="oyez",
)


class Listener(FrameProcessor):
    """Tells what comes out of the service."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = ""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        match frame:
            case TranscriptionFrame():
                say("final", frame.text, frame.finalized)
                self.heard += frame.text
            case InterimTranscriptionFrame():
                say("interim", frame.text)
            case VADUserStoppedSpeakingFrame():
                say("vad stopped")
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
    if task.hang_up_ms:
        await worker.queue_frame(EndFrame())
        return
    await push(worker, room(FRAME_MS, until=lambda: LAST_WORD in listener.heard))
    await worker.queue_frame(EndFrame())


async def main(task: Errand) -> None:
    service = SonioxSTTService(
        api_key=task.key,
        url=task.url,
        vad_force_turn_endpoint=not task.endpoints,
        settings=EVERYTHING if task.everything else None,
    )
    listener = Listener()
    user = LLMContextAggregatorPair(
        LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    ).user()
    worker = PipelineWorker(
        Pipeline([service, listener, user]),
        params=PipelineParams(audio_in_sample_rate=SAMPLE_RATE_HZ, enable_metrics=True),
    )

    @user.event_handler("on_user_turn_stopped")
    async def on_user_turn_stopped(
        _user: LLMUserAggregator, _strategy: object, message: UserTurnStoppedMessage
    ) -> None:
        say("turn", message.content)

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
