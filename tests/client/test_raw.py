"""Frames sent as they are, for tests and for finding faults."""

from typing import Any

import pytest

from oyez import OyezInvalidRequestError, OyezRealtimeError, OyezValidationError
from oyez.protocol.messages import ClientKind, Finished
from oyez.server.run import ServerThread

from .canned import CannedServer, Raw
from .conftest import OpenSession


@pytest.mark.parametrize(
    ("raw_start", "expected"),
    [
        ({"model": 7, "context": None, "x": [1]}, {"model": 7, "context": None, "x": [1]}),
        ('{"model":"m"} ', {"model": "m"}),
    ],
)
async def test_a_raw_start_is_sent_as_it_is(
    server: CannedServer, open_session: OpenSession, raw_start: Any, expected: dict[str, object]
) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    async with open_session(server.base_url, config={}, raw_start=raw_start) as session:
        await session.finish()
        assert [event async for event in session.receive_events()][-1].finished
    assert server.peer.start == expected


async def test_raw_frames_are_sent_as_they_are_whatever_the_state(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.FINALIZE: [Raw('{"tokens":[]}')], ClientKind.END: [Finished(0)]}
    async with open_session(server.base_url) as session:
        await session.pause(finalize=False)
        await session.send_raw(b"audio")
        await session.send_raw('{"type":"finalize"}')
        assert await session.receive_event() is not None
        await session.send_raw("")
        await session.send_raw(bytearray(b"after the end"))
        assert (await session.receive_event()).finished
        with pytest.raises(OyezValidationError, match="must be bytes"):
            await session.send_raw(5)
    assert server.peer.audio == b"audio"
    assert ClientKind.FINALIZE in server.peer.kinds()


async def test_what_no_frame_can_hold_is_refused(open_session: OpenSession) -> None:
    with pytest.raises(OyezValidationError, match="not int"):
        open_session("ws://h", raw_start=5)
    with pytest.raises(OyezValidationError, match="cannot be written as JSON"):
        open_session("ws://h", raw_start={"model": object()})
    with pytest.raises(OyezRealtimeError, match="not connected"):
        await open_session("ws://h").send_raw("")


@pytest.mark.parametrize(
    ("raw_start", "problem"),
    [
        ({"model": "stt-rt-v5", "audio_format": "pcm_s16le"}, "sample_rate"),
        ({"model": "stt-rt-v5", "max_endpoint_delay_ms": 1}, "max_endpoint_delay_ms"),
        ("not json", "not JSON"),
        ("[]", "not a JSON object"),
        ("", "malformed"),
        (b"audio", "must be the start message"),
    ],
)
async def test_the_servers_answer_to_a_bad_start_is_raised_typed(
    real_server: ServerThread, open_session: OpenSession, raw_start: Any, problem: str
) -> None:
    url = real_server.websocket_url
    async with open_session(url, config={}, raw_start=raw_start) as session:
        with pytest.raises(OyezInvalidRequestError, match=problem) as caught:
            await session.receive_event()
    assert caught.value.error_type == "invalid_request"
    assert caught.value.request_id


async def test_the_servers_answer_to_a_bad_control_message_is_raised_typed(
    real_server: ServerThread, open_session: OpenSession
) -> None:
    async with open_session(real_server.websocket_url) as session:
        await session.send_raw('{"type":"stop"}')
        with pytest.raises(OyezInvalidRequestError, match="invalid `type`"):
            await session.receive_event()
