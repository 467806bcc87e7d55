"""`raise_errors=False`: error frames as events and iteration until the socket closes."""

import time

import pytest

from oyez import OyezConnectionLostError, OyezInvalidRequestError, OyezRealtimeError
from oyez.errors import RemoteProtocolError
from oyez.protocol.messages import ClientKind, ErrorFrame, Finished
from oyez.types import SessionTimings
from oyez.utils import start_audio_thread

from .canned import CannedServer, Close, Cut, Linger, Raw, results
from .conftest import OpenSession
from .test_shells import connect

QUIET = SessionTimings(close_timeout_sec=0.1)


async def test_error_frames_are_events_and_end_the_iteration(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [results("a"), ErrorFrame("invalid_request", "Bad.", "r")]}
    async with open_session(server.base_url, raise_errors=False) as session:
        first, error = [event async for event in session.receive_events()]
        assert first.error_code is None
        assert (error.error_code, error.error_message, error.tokens) == (400, "Bad.", [])
        assert session.last_message is error
        assert await session.receive_event() is None
        assert isinstance(session.error, OyezInvalidRequestError)
        await session.send_byte_chunk(b"ignored")


@pytest.mark.parametrize("step", [Close(1000), Close(1011), Cut()])
async def test_iteration_ends_however_the_socket_closes_and_the_error_is_kept(
    server: CannedServer, open_session: OpenSession, step: Close | Cut
) -> None:
    server.script = {ClientKind.START: [results("a"), step]}
    async with open_session(server.base_url, raise_errors=False) as session:
        assert len([event async for event in session.receive_events()]) == 1
        assert isinstance(session.error, OyezConnectionLostError)
        with pytest.raises(OyezConnectionLostError):
            await session.send_byte_chunk(b"lost")


@pytest.mark.parametrize("raise_errors", [True, False])
async def test_iteration_ends_although_the_server_forgets_to_close(
    server: CannedServer, open_session: OpenSession, raise_errors: bool
) -> None:
    server.script = {ClientKind.END: [Finished(0), Linger()]}
    began = time.monotonic()
    async with open_session(server.base_url, raise_errors=raise_errors, timings=QUIET) as session:
        await session.finish()
        assert [event.finished async for event in session.receive_events()] == [True]
        if not raise_errors:
            await server.until(lambda peer: peer.close_code == 1000)
    assert time.monotonic() - began < 10
    await server.until(lambda peer: peer.close_code == 1000)


async def test_raw_bytes_end_although_the_server_forgets_to_close(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.END: [Finished(0), Linger()]}
    async with open_session(server.base_url, timings=QUIET) as session:
        await session.finish()
        assert session.parse_event(await session.recv_bytes()).finished
        assert await session.recv_bytes() == b""
        assert await session.recv_bytes() == b""


async def test_what_is_neither_error_frame_nor_loss_is_raised_all_the_same(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [Raw("nonsense")]}
    async with open_session(server.base_url, raise_errors=False) as session:
        with pytest.raises(RemoteProtocolError, match="not JSON"):
            await session.receive_event()


def test_a_failed_audio_source_is_raised_all_the_same(server: CannedServer) -> None:
    def source() -> object:
        yield b"x"
        raise OSError("The microphone is gone.")

    with connect(server, raise_errors=False) as session:
        thread = start_audio_thread(session, source())  # type: ignore[arg-type]
        with pytest.raises(OyezRealtimeError, match="microphone is gone"):
            list(session.receive_events())
        thread.join()
