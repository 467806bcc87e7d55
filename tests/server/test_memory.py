"""Nothing of a stream outlasts it, and no garbage collector is needed for that."""

import gc
from collections.abc import Iterator

import pytest

from oyez.engines.scripted import DEFAULT_PERIOD_MS, DEFAULT_SCRIPT
from session.leaver import Leaver

from .conftest import Serve
from .parties import eventually
from .wire import END, FINALIZE, FOX, dial, fox_audio, rest, say, start, text


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_a_stream_that_ended_leaves_none_of_its_readings(serve: Serve) -> None:
    engine = Leaver(DEFAULT_SCRIPT, period_ms=DEFAULT_PERIOD_MS)
    server = serve(engine)
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(4_000), END])
        assert text(await rest(ws)) == FOX
    assert engine.calls > 2
    await eventually(lambda: not engine.left)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("last", [[], [FINALIZE]], ids=["speaking", "waiting for fin"])
async def test_a_client_that_vanished_leaves_none_either(
    serve: Serve, last: list[str | bytes]
) -> None:
    engine = Leaver(DEFAULT_SCRIPT, period_ms=DEFAULT_PERIOD_MS)
    server = serve(engine)
    async with dial(server.websocket_url) as ws:
        await say(ws, [start(), fox_audio(2_000), *last])
        await eventually(lambda: engine.calls > 1)
        ws.transport.abort()
    await eventually(lambda: not engine.left)
