"""Connections that are lost, over a real server and a proxy that fails as networks do."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oyez import OyezConnectionLostError, OyezInvalidRequestError
from oyez.protocol.messages import ClientKind, ErrorFrame
from oyez.server.run import ServerThread
from oyez.types import NextStep, SessionTimings
from oyez.utils import start_audio_thread

from .canned import CannedServer, Close, Cut, results
from .conftest import OpenSession
from .foxes import BYTES_PER_MS, FOX, PCM, foxes
from .tcp_proxy import TcpProxy
from .test_shells import connect

PINGS = SessionTimings(ping_interval_sec=0.1, ping_timeout_sec=1.0, close_timeout_sec=0.1)


@pytest.fixture
def proxy(real_server: ServerThread) -> Iterator[TcpProxy]:
    with TcpProxy(real_server.websocket_url) as running:
        yield running


async def hear_until(session: Any, condition: Callable[[Any], object]) -> None:
    while not condition(session.account()):
        assert await session.receive_event() is not None


async def send_on(session: Any) -> None:
    async with asyncio.timeout(30):
        while True:
            await session.send_byte_chunk(bytes(320))
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["cut", "reset"])
async def test_the_account_of_a_lost_connection(
    proxy: TcpProxy, open_session: OpenSession, how: str
) -> None:
    sent = foxes(2)[: 5_500 * BYTES_PER_MS]
    config = PCM | {"enable_endpoint_detection": True}
    async with open_session(proxy.url, config=config) as session:
        assert session.account().seconds_since_message is None
        await session.send_bytes(sent, finish=False)
        await hear_until(session, lambda account: "<end>" in texts(account))
        proxy.flows.clear()  # else a quick server finishes the stream before it is lost
        await session.finalize()
        await session.finish()
        before = [session.account()]
        getattr(proxy, how)()
        with pytest.raises(OyezConnectionLostError) as caught:
            await hear_until(session, before.append)
        error = caught.value
        account = error.account
        assert session.error is error
    assert error.close_code is None
    assert error.close_reason == ""
    assert not error.is_silent
    assert error.is_retryable
    assert error.next_step is NextStep.NEW_SESSION
    assert error.__cause__ is not None
    assert (account.audio_bytes_sent, account.audio_sent_ms) == (len(sent), 5_500)
    assert account.final_text.startswith(FOX)
    assert account.final_tokens == before[-1].final_tokens
    assert account.non_final_tokens == before[-1].non_final_tokens
    assert account.messages_received == before[-1].messages_received > 1
    assert 2_640 <= account.final_audio_proc_ms <= account.total_audio_proc_ms <= 5_500
    assert account.finalizes_pending <= 1
    assert account.is_finish_pending
    assert account.request_id is not None
    assert account.seconds_since_message is not None
    assert 0 <= account.seconds_since_message < 60
    assert "resend the audio after that point" in str(error)
    assert "finished awaited" in str(error)


def texts(account: Any) -> list[str]:
    return [token.text for token in account.final_tokens]


async def test_the_account_has_the_guesses_of_the_last_message(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {
        ClientKind.START: [results("Hello", is_final=True), results(" wor"), results(" world")],
        ClientKind.FINALIZE: [Cut()],
    }
    async with open_session(server.base_url) as session:
        await hear_until(session, lambda account: account.messages_received == 3)
        await session.finalize()
        with pytest.raises(OyezConnectionLostError, match="1 finalize unanswered") as caught:
            await session.receive_event()
    account = caught.value.account
    assert (account.final_text, account.non_final_text) == ("Hello", " world")
    assert account.finalizes_pending == 1
    assert not account.is_finish_pending


@pytest.mark.parametrize("code", [1001, 1011, 1012])
async def test_the_servers_code_and_reason_are_told(
    server: CannedServer, open_session: OpenSession, code: int
) -> None:
    server.script = {ClientKind.START: [results("a"), Close(code, "going")]}
    async with open_session(server.base_url) as session:
        with pytest.raises(OyezConnectionLostError, match=rf"with code {code} \(going\)") as caught:
            _ = [event async for event in session.receive_events()]
    assert (caught.value.close_code, caught.value.close_reason) == (code, "going")
    assert not caught.value.is_silent


async def test_a_half_open_connection_is_found_while_nobody_sends(
    proxy: TcpProxy, open_session: OpenSession
) -> None:
    async with open_session(proxy.url, config=PCM, timings=PINGS) as session:
        await session.send_bytes(foxes(1), finish=False)
        await hear_until(session, lambda account: account.final_text)
        proxy.flows.clear()
        began = time.monotonic()
        with pytest.raises(OyezConnectionLostError, match="answered no more") as caught:
            _ = [event async for event in session.receive_events()]
        assert time.monotonic() - began < 10
    assert caught.value.is_silent
    assert caught.value.close_code is None


async def test_a_half_open_connection_is_found_by_who_only_sends(
    proxy: TcpProxy, open_session: OpenSession
) -> None:
    async with open_session(proxy.url, config=PCM, timings=PINGS) as session:
        proxy.flows.clear()

        with pytest.raises(OyezConnectionLostError, match="answered no more") as caught:
            await send_on(session)
        for call in (session.finish, session.finalize, session.keep_alive, session.receive_event):
            with pytest.raises(OyezConnectionLostError) as again:
                await call()
            assert again.value is caught.value
        for call in (session.send_byte_chunk, session.send_bytes, session.send_raw):
            with pytest.raises(OyezConnectionLostError):
                await call(b"x")


async def test_what_was_received_is_read_before_the_loss_is_raised(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {
        ClientKind.START: [results("a"), results("b", final_ms=50, is_final=True), Close(1012)]
    }
    async with open_session(server.base_url) as session:
        await server.until(lambda peer: peer.close_code is not None)
        with pytest.raises(OyezConnectionLostError) as sending:
            await send_on(session)
        assert not session.is_open
        assert sending.value.account.messages_received == 2
        assert sending.value.account.final_text == "b"
        assert session.last_message is None
        assert (await session.receive_event()).tokens[0].text == "a"
        assert (await session.receive_event()).tokens[0].text == "b"
        with pytest.raises(OyezConnectionLostError) as receiving:
            await session.receive_event()
        assert receiving.value is sending.value


async def test_raw_bytes_that_a_sender_read_meanwhile_are_not_lost(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [results("a"), Close(1012)]}
    async with open_session(server.base_url) as session:
        await server.until(lambda peer: peer.close_code is not None)
        with pytest.raises(OyezConnectionLostError):
            await send_on(session)
        assert b'"a"' in await session.recv_bytes()
        assert await session.recv_bytes() == b""


async def test_an_error_frame_is_no_loss_for_the_sender(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [results("a"), ErrorFrame("invalid_request", "Bad.", "r")]}
    async with open_session(server.base_url) as session:
        await server.until(lambda peer: peer.close_code is not None)
        for _ in range(20):
            await session.send_byte_chunk(b"x")
        await session.send_bytes([b"x"] * 20)
        assert isinstance(session.error, OyezInvalidRequestError)
        assert (await session.receive_event()).tokens[0].text == "a"
        with pytest.raises(OyezInvalidRequestError):
            await session.receive_event()
        assert session.account().request_id == "r"


async def test_a_paused_session_learns_of_the_loss(
    proxy: TcpProxy, open_session: OpenSession
) -> None:
    timings = SessionTimings(keep_alive_interval_sec=0.01)
    async with open_session(proxy.url, config=PCM, timings=timings) as session:
        await session.pause()
        proxy.cut()
        async with asyncio.timeout(30):
            while session.error is None:
                await asyncio.sleep(0.01)
        with pytest.raises(OyezConnectionLostError):
            await session.send_byte_chunk(b"dropped while paused, were it not lost")


def test_an_audio_thread_ends_and_the_receiver_raises(proxy: TcpProxy) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield bytes(3200)
            time.sleep(0.001)

    with connect_to(proxy, timings=PINGS) as session:
        thread = start_audio_thread(session, endless())
        session.receive_event()
        proxy.cut()
        with pytest.raises(OyezConnectionLostError) as caught:
            list(session.receive_events())
        thread.join(20)
        assert not thread.is_alive()
    assert thread.exception in (None, caught.value)


def connect_to(proxy: TcpProxy, **options: Any) -> Any:
    class Where:
        base_url = proxy.url

    return connect(Where(), config=PCM, **options)  # type: ignore[arg-type]


async def test_entering_a_connection_that_is_lost_at_once_raises_with_the_first_call(
    server: CannedServer, open_session: OpenSession
) -> None:
    server.script = {ClientKind.START: [Close(1012)]}
    async with open_session(server.base_url) as session:
        with pytest.raises(OyezConnectionLostError):
            await session.receive_event()


@pytest.mark.parametrize("suffix", [b"RIFF....WAVEfmt ", b"ID3\x04 not told"])
async def test_the_duration_of_other_audio_is_told_when_its_bytes_tell(
    server: CannedServer, open_session: OpenSession, suffix: bytes
) -> None:
    async with open_session(server.base_url) as session:
        await session.send_byte_chunk(suffix)
        account = session.account()
    assert account.audio_bytes_sent == len(suffix)
    assert account.audio_sent_ms == (0 if suffix.startswith(b"RIFF") else None)
