"""Proxy stream: browser to this backend, backend to oyez; the backend sees every token.

    OYEZ_API_KEY=my-key oyez serve
    OYEZ_API_KEY=my-key python examples/proxy_stream/app.py       then open http://127.0.0.1:8000

The browser has no key at all, and oyez may stand where no browser reaches it. What the backend does
with the tokens is up to it: here `see` prints the final ones.
"""

import asyncio
import os
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from oyez import AsyncOyezClient
from oyez.client.async_session import AsyncRealtimeSTTSession
from oyez.types import Token

client = AsyncOyezClient()  # reads OYEZ_API_KEY and OYEZ_BASE_URL


def see(token: Token) -> None:
    if token.is_final:
        print(token.text, end="\n" if token.text == "<end>" else "", flush=True)


async def upstream(browser: WebSocket, session: AsyncRealtimeSTTSession) -> None:
    """Pass on what the browser says, until it says that this was all."""
    while True:
        message = await browser.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message["code"])
        audio, text = message.get("bytes"), message.get("text")
        if audio:
            await session.send_byte_chunk(audio)
        elif text == "":
            break
        elif text and "finalize" in text:
            await session.finalize()
        else:
            await session.keep_alive()
    await session.finish()


async def downstream(browser: WebSocket, session: AsyncRealtimeSTTSession) -> None:
    """Pass on what oyez says, errors too, until it has said all."""
    async for event in session.receive_events():
        for token in event.tokens:
            see(token)
        await browser.send_text(event.model_dump_json(exclude_unset=True))


async def talk(browser: WebSocket) -> None:
    if browser.headers.get("origin", "").partition("://")[2] != browser.headers["host"]:
        await browser.close()  # a page of somebody else
        return
    await browser.accept()
    asked = await browser.receive_json()
    audio = {name: asked.get(name) for name in ("audio_format", "sample_rate", "num_channels")}
    config = {**audio, "enable_endpoint_detection": True}
    try:
        async with (
            client.realtime.stt.connect(config=config, raise_errors=False) as session,
            asyncio.TaskGroup() as tasks,
        ):
            listening = tasks.create_task(upstream(browser, session))
            await downstream(browser, session)
            listening.cancel()
    except* WebSocketDisconnect:
        pass  # the browser has gone, and its stream with it
    else:
        await browser.close()


app = Starlette(
    routes=[
        WebSocketRoute("/talk", talk),
        # oyez's own ES module, out of the installed package.
        Mount("/oyez", StaticFiles(packages=[("oyez.server.page", "module")])),
        Mount("/", StaticFiles(directory=Path(__file__).parent / "static", html=True)),
    ]
)

if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), access_log=False)
