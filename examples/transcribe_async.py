"""Print the words of a WAV file with their times: python transcribe_async.py talk.wav."""

import asyncio
import sys

from oyez import AsyncOyezClient
from oyez.utils import stream_audio_async


async def main(path: str) -> None:
    client = AsyncOyezClient()  # reads OYEZ_API_KEY and OYEZ_BASE_URL
    async with client.realtime.stt.connect(config={}) as session, asyncio.TaskGroup() as tasks:
        tasks.create_task(session.send_bytes(stream_audio_async(path)))
        async for event in session.receive_events():
            for token in event.tokens:
                if token.is_final:
                    print(f"{token.start_ms:7} {token.end_ms:7} {token.text}")


asyncio.run(main(sys.argv[1]))
