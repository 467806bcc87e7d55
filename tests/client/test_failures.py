"""Streams that fail, the same for threads and asyncio."""

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidMessage, InvalidStatus, InvalidURI
from websockets.http11 import Response

import oyez
from oyez.client.failures import BY_TYPE, connect_error, server_error
from oyez.errors import (
    OyezConnectError,
    OyezConnectionLostError,
    OyezRealtimeError,
    OyezServerError,
    RemoteProtocolError,
)
from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.messages import ClientKind, ErrorFrame, Finished
from oyez.types import NextStep, RealtimeEvent, SessionTimings

from .canned import CannedServer, Close, Cut, FrozenServer, Raw, results
from .conftest import QUICK, OpenSession

Frozen = Callable[..., FrozenServer]


def test_every_error_type_has_an_exception() -> None:
    assert set(BY_TYPE) == set(ERROR_TYPES)


@pytest.mark.parametrize("error_type", ERROR_TYPES)
async def test_error_frames_are_raised_with_their_facts(
    server: CannedServer, open_session: OpenSession, error_type: str
) -> None:
    frame = ErrorFrame(error_type, "What went wrong.", "request-1", "https://example/more")
    server.script = {ClientKind.START: [results("a"), frame]}
    async with open_session(server.base_url) as session:
        assert (await session.receive_event()).tokens
        with pytest.raises(BY_TYPE[error_type]) as caught:
            await session.receive_event()
        error = caught.value
        assert isinstance(error, OyezServerError)
        assert type(error) is BY_TYPE[error_type]
        assert error.error_code == frame.error_code
        assert error.error_type == error_type
        assert error.error_message == "What went wrong."
        assert error.request_id == "request-1"
        assert error.more_info == "https://example/more"
        assert session.last_message.error_type == error_type

        await session.send_byte_chunk(b"ignored")
        await session.finish()
        assert not session.is_open
        with pytest.raises(BY_TYPE[error_type]) as again:
            _ = [event async for event in session.receive_events()]
        assert again.value is error


@pytest.mark.parametrize(
    ("payload", "kind", "error_type"),
    [
        ('{"error_code":401,"error_message":"m"}', oyez.OyezAuthenticationError, "unauthenticated"),
        (
            '{"error_code":402,"error_type":"organization_balance_exhausted"}',
            oyez.OyezQuotaError,
            "organization_balance_exhausted",
        ),
        ('{"error_code":"503"}', oyez.OyezUnavailableError, "service_unavailable"),
        ('{"error_code":418}', OyezServerError, "unknown"),
        ('{"error_code":520}', oyez.OyezUnavailableError, "unknown"),
    ],
)
async def test_errors_of_other_servers_go_by_their_code(
    server: CannedServer,
    open_session: OpenSession,
    payload: str,
    kind: type[OyezServerError],
    error_type: str,
) -> None:
    server.script = {ClientKind.START: [Raw(payload)]}
    async with open_session(server.base_url) as session:
        with pytest.raises(kind) as caught:
            await session.handle_events(print)
        assert type(caught.value) is kind
        assert caught.value.error_type == error_type


def test_what_to_do_next_agrees_with_the_protocol() -> None:
    steps = {}
    for row in ERROR_TYPES.values():
        error = server_error(RealtimeEvent(error_code=row.code, error_type=row.name))
        assert error.is_retryable is row.is_retryable, row.name
        steps[row.name] = error.next_step
    assert steps == {
        "invalid_request": NextStep.FIX_REQUEST,
        "model_not_available": NextStep.FIX_REQUEST,
        "unauthenticated": NextStep.NEW_KEY,
        "permission_denied": NextStep.NEW_KEY,
        "temp_api_key_session_expired": NextStep.NEW_KEY,
        "request_timeout": NextStep.NEW_SESSION,
        "max_duration_reached": NextStep.NEW_SESSION,
        "limit_exceeded": NextStep.WAIT,
        "max_concurrent_connections_reached": NextStep.WAIT,
        "internal_error": NextStep.RETRY_NOW,
        "service_unavailable": NextStep.RETRY_NOW,
    }
    assert not OyezRealtimeError().is_retryable


@pytest.mark.parametrize(
    ("cause", "step"),
    [
        (TimeoutError(), NextStep.RETRY_NOW),
        (ConnectionRefusedError(), NextStep.RETRY_NOW),
        (ConnectionResetError(), NextStep.RETRY_NOW),
        (InvalidMessage("closed"), NextStep.RETRY_NOW),
        (socket.gaierror(socket.EAI_AGAIN, "again"), NextStep.RETRY_NOW),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), NextStep.FIX_REQUEST),
        (ssl.SSLError(), NextStep.FIX_REQUEST),
        (InvalidURI("x", "bad"), NextStep.FIX_REQUEST),
        (InvalidStatus(Response(404, "", Headers())), NextStep.FIX_REQUEST),
        (InvalidStatus(Response(403, "", Headers())), NextStep.NEW_KEY),
        (InvalidStatus(Response(429, "", Headers())), NextStep.WAIT),
        (InvalidStatus(Response(502, "", Headers())), NextStep.RETRY_NOW),
    ],
    ids=str,
)
def test_what_to_do_next_when_no_socket_opened(cause: Exception, step: NextStep) -> None:
    error = connect_error("ws://h", cause, 1)
    assert error.next_step is step
    assert error.is_retryable is (step is NextStep.RETRY_NOW)


async def test_the_error_is_found_although_the_sender_met_a_closed_socket(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.AUDIO: [ErrorFrame("invalid_request", "Bad audio.", "r")]}
    async with open_session(server.base_url) as session:
        await session.send_byte_chunk(b"x")
        await server.until(lambda peer: peer.close_code is not None)
        for _ in range(3):
            await session.send_byte_chunk(b"y")
        await session.send_bytes([b"z"] * 3)
        with pytest.raises(oyez.OyezInvalidRequestError, match="Bad audio"):
            await session.receive_event()


@pytest.mark.parametrize(("step", "close_code"), [(Close(1001), 1001), (Cut(), None)])
async def test_a_lost_connection_says_how_far_it_got(
    server: CannedServer, open_session: OpenSession, step: Any, close_code: int | None
) -> None:
    server.script = {ClientKind.AUDIO: [results("a", final_ms=70, is_final=True), step]}
    async with open_session(server.base_url) as session:
        await session.send_byte_chunk(b"abc")
        with pytest.raises(OyezConnectionLostError) as caught:
            _ = [event async for event in session.receive_events()]
        error = caught.value
        assert error.close_code == close_code
        assert error.audio_bytes_sent == 3
        assert error.messages_received == 1
        assert error.final_audio_proc_ms == 70
        assert error.__cause__ is not None
        with pytest.raises(OyezConnectionLostError):
            await session.receive_event()


@pytest.mark.parametrize("frame", ["hello", "[1]", '{"tokens":1}', b"\xff"])
async def test_nonsense_is_a_protocol_error(
    server: CannedServer, open_session: OpenSession, frame: str | bytes
) -> None:
    server.script = {ClientKind.START: [Raw(frame)]}
    async with open_session(server.base_url) as session:
        with pytest.raises(RemoteProtocolError, match="server"):
            await session.receive_event()
        assert not session.is_open


async def test_finished_before_the_end_is_a_protocol_error(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [Raw('{"finished":true}')]}
    async with open_session(server.base_url) as session:
        with pytest.raises(RemoteProtocolError, match="finished cannot follow"):
            await session.receive_event()


async def test_nothing_listens(open_session: OpenSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"ws://127.0.0.1:{free.getsockname()[1]}"
    session = open_session(url)
    with pytest.raises(OyezConnectError, match=r"nothing listens there.*oyez serve") as caught:
        await session.enter()
    assert caught.value.url == f"{url}/transcribe-websocket"
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


async def test_nothing_answers(frozen: Frozen, open_session: OpenSession) -> None:
    server = frozen(shakes_hands=False)
    session = open_session(server.base_url, connect_timeout_sec=0.05)
    with pytest.raises(OyezConnectError, match=r"nothing answered within 0\.05 s") as caught:
        await session.enter()
    assert isinstance(caught.value.__cause__, TimeoutError)


async def test_a_half_open_socket_is_found_by_pings(
    frozen: Frozen, open_session: OpenSession
) -> None:
    async with open_session(frozen(shakes_hands=True).base_url, timings=QUICK) as session:
        with pytest.raises(OyezConnectionLostError):
            await session.receive_event()


async def test_a_send_into_a_full_socket_ends(frozen: Frozen, open_session: OpenSession) -> None:
    timings = SessionTimings(send_timeout_sec=0.05, close_timeout_sec=0.05)
    async with open_session(frozen(shakes_hands=True).base_url, timings=timings) as session:
        with pytest.raises(OyezConnectionLostError, match="answered no more") as sending:
            await session.send_bytes(bytes(64_000_000))
        assert sending.value.is_silent
        with pytest.raises(OyezConnectionLostError) as receiving:
            await session.receive_event()
        assert receiving.value is sending.value


async def test_close_does_not_wait_for_a_frozen_server(
    frozen: Frozen, open_session: OpenSession
) -> None:
    timings = SessionTimings(close_timeout_sec=0.05)
    session = open_session(frozen(shakes_hands=True).base_url, timings=timings)
    await session.enter()
    began = time.monotonic()
    await session.close()
    assert time.monotonic() - began < 10


async def test_abort_raises_on_the_receiving_side(
    server: CannedServer, open_session: OpenSession
) -> None:
    cause = OSError("The microphone is gone.")
    async with open_session(server.base_url) as session:
        assert await session.abort(cause)
        assert not await session.abort(cause)
        for _ in range(2):
            with pytest.raises(OyezRealtimeError, match="microphone is gone") as caught:
                await session.receive_event()
            assert caught.value.__cause__ is cause


async def test_abort_after_the_end_is_for_the_caller(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.END: [Finished(0)]}
    async with open_session(server.base_url) as session:
        await session.finish()
        assert [event async for event in session.receive_events()]
        assert not await session.abort(OSError())
