"""A file through the synchronous client of the package soniox."""

# mypy: disable-error-code="import-not-found, attr-defined"

import threading
import time
from importlib.metadata import version
from typing import Any

from report import Errand, at_the_pace_of_speech, errand, say
from soniox import SonioxClient
from soniox.realtime import RealtimeSTTSession
from soniox.types import (
    RealtimeSTTConfig,
    StructuredContext,
    StructuredContextGeneralItem,
    StructuredContextTranslationTerm,
)
from soniox.utils import render_tokens, start_audio_thread, throttle_audio

PIECE_BYTES = 3_840
PIECE_S = 0.12
EVERYTHING: dict[str, Any] = {
    "language_hints": ["en"],
    "language_hints_strict": True,
    "context": StructuredContext(
        general=[StructuredContextGeneralItem(key="topic", value="failure")],
        text="A reading from Beckett.",
        terms=["Worstward Ho"],
        translation_terms=[StructuredContextTranslationTerm(source="fail", target="scheitern")],
    ),
    "enable_speaker_diarization": True,
    "enable_language_identification": True,
    "max_endpoint_delay_ms": 1_500,
    "endpoint_sensitivity": 0.3,
    "endpoint_latency_adjustment_level": 2,
    "client_reference_id": "oyez",
}


def with_a_pause(session: RealtimeSTTSession, task: Errand) -> None:
    before, after = task.parts
    for piece in at_the_pace_of_speech(before, 120):
        session.send_byte_chunk(piece)
    session.pause()
    say("paused")
    time.sleep(task.pause_s)
    session.resume()
    say("resumed")
    session.send_bytes(at_the_pace_of_speech(after, 120))


def main(task: Errand) -> None:
    client = SonioxClient(api_key=task.key, websocket_base_url=task.url)
    config = RealtimeSTTConfig(
        model="stt-rt-v5",
        audio_format="pcm_s16le" if task.pause_ms else "auto",
        sample_rate=16_000 if task.pause_ms else None,
        num_channels=1 if task.pause_ms else None,
        enable_endpoint_detection=task.endpoints,
        **EVERYTHING if task.everything else {},
    )
    final_tokens = []
    with client.realtime.stt.connect(config=config) as session:
        if task.pause_ms:
            thread = threading.Thread(target=with_a_pause, args=(session, task))
            thread.start()
        else:
            chunks = throttle_audio(task.path, chunk_size_bytes=PIECE_BYTES, delay_seconds=PIECE_S)
            thread = start_audio_thread(session, chunks)
        for event in session.receive_events():
            if event.error_code:
                say("error", event.error_code, event.error_message)
                break
            final_tokens += [token for token in event.tokens if token.is_final]
            non_final_tokens = [token for token in event.tokens if not token.is_final]
            say("shown", render_tokens(final_tokens, []), render_tokens([], non_final_tokens))
            if event.finished:
                say("finished")
        else:
            say("closed", session._ws.close_code)
    say("left", version("soniox"))


main(errand())
