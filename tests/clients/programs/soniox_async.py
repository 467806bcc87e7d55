"""A file through the asynchronous client of the package soniox."""

# mypy: disable-error-code="import-not-found, attr-defined"

import asyncio
from importlib.metadata import version

from report import Errand, errand, say
from soniox import AsyncSonioxClient
from soniox.types import RealtimeSTTConfig
from soniox.utils import render_tokens, throttle_audio_async

PIECE_BYTES = 3_840
PIECE_S = 0.12


async def main(task: Errand) -> None:
    client = AsyncSonioxClient(api_key=task.key, websocket_base_url=task.url)
    config = RealtimeSTTConfig(
        model="stt-rt-v5", audio_format="auto", enable_endpoint_detection=task.endpoints
    )
    final_tokens = []
    async with client.realtime.stt.connect(config=config) as session:
        chunks = throttle_audio_async(
            task.path, chunk_size_bytes=PIECE_BYTES, delay_seconds=PIECE_S
        )
        sending = asyncio.create_task(session.send_bytes(chunks))
        async for event in session.receive_events():
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
        sending.cancel()
    say("left", version("soniox"))


asyncio.run(main(errand()))
