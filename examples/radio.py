"""Read along with a radio station: python radio.py http://radio.example/news.mp3. Ctrl-C ends it.

When the station or the server is lost, it goes on with what is on the air when both are back.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator

import httpx

from oyez import AsyncOyezClient, OyezRealtimeError

# Who tunes in to MP3 or AAC hears the middle of a frame first, which does not tell its format.
FORMATS = {"audio/mpeg": "mp3", "audio/aac": "aac", "audio/aacp": "aac"}
SILENCE_S = 10.0  # a station that sends nothing for so long is gone
PAUSE_S = 1.0


def tell(loss: Exception) -> None:
    print(f"[{type(loss).__name__}: {loss}]", file=sys.stderr, flush=True)


async def on_air(station: httpx.Response, has_ended: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield what the station sends, until it is lost or there has been enough of it."""
    try:
        async for chunk in station.aiter_bytes():
            yield chunk
            if has_ended.is_set():
                return
    except httpx.HTTPError as loss:
        tell(loss)


async def read_along(client: AsyncOyezClient, url: str, has_ended: asyncio.Event) -> None:
    async with (
        httpx.AsyncClient(timeout=SILENCE_S, follow_redirects=True) as http,
        http.stream("GET", url) as station,
    ):
        station.raise_for_status()
        config = {
            "audio_format": FORMATS.get(station.headers.get("content-type", ""), "auto"),
            "enable_endpoint_detection": True,
        }
        async with (
            client.realtime.stt.connect(config=config) as session,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(session.send_bytes(on_air(station, has_ended)))
            async for utterance in session.receive_utterances():
                print(utterance.text, flush=True)


async def main(url: str) -> None:
    has_ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, has_ended.set)
    client = AsyncOyezClient()  # reads OYEZ_API_KEY and OYEZ_BASE_URL
    while not has_ended.is_set():
        try:
            await read_along(client, url, has_ended)
        except* (httpx.HTTPError, OyezRealtimeError) as losses:
            for loss in losses.exceptions:
                if isinstance(loss, OyezRealtimeError) and not loss.is_retryable:
                    raise
                tell(loss)
        if not has_ended.is_set():
            await asyncio.sleep(PAUSE_S)


asyncio.run(main(sys.argv[1]))
