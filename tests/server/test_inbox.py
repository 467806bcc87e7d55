"""The queue between the reader and the listener."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.protocol.messages import Audio, ClientMessage, End, Finalize
from oyez.server.inbox import MESSAGE_BYTES, Inbox

PLENTY = 1 << 20
PATIENCE_S = 20.0

MESSAGES = st.lists(
    st.one_of(
        st.binary(max_size=40).map(Audio),
        st.just(Audio(b"x" * 1_000)),
        st.just(Finalize()),
        st.just(End()),
    ),
    max_size=30,
)


def canonical(messages: Sequence[ClientMessage]) -> list[ClientMessage]:
    """Audio joined where nothing stands between, empty audio left out."""
    joined: list[ClientMessage] = []
    for message in messages:
        if isinstance(message, Audio) and joined and isinstance(joined[-1], Audio):
            joined[-1] = Audio(joined[-1].data + message.data)
        elif message != Audio(b""):
            joined.append(message)
    return joined


async def emptied(inbox: Inbox, *, max_bytes: int) -> list[ClientMessage]:
    taken: list[ClientMessage] = []
    while True:
        try:
            async with asyncio.timeout(0):
                taken.append(await inbox.take(max_bytes=max_bytes))
        except TimeoutError:
            return taken


@settings(deadline=None)
@given(MESSAGES, st.integers(1, 64), st.integers(1, 3_000))
def test_everything_comes_out_in_order(
    messages: list[ClientMessage], max_bytes: int, bound: int
) -> None:
    async def run() -> None:
        inbox = Inbox(max_bytes=bound)
        for message in messages:
            inbox.put(message)
        audio = sum(len(message.data) for message in messages if isinstance(message, Audio))
        assert inbox.is_full == (audio + MESSAGE_BYTES * len(messages) >= bound)
        taken = await emptied(inbox, max_bytes=max_bytes)
        assert all(len(m.data) <= max_bytes for m in taken if isinstance(m, Audio))
        assert canonical(taken) == canonical(messages)
        assert not inbox.is_full
        async with asyncio.timeout(PATIENCE_S):
            await inbox.room()

    asyncio.run(run())


async def test_small_pieces_are_joined() -> None:
    inbox = Inbox(max_bytes=PLENTY)
    for _ in range(100):
        inbox.put(Audio(b"ab"))
    inbox.put(Finalize())
    inbox.put(Audio(b"cd"))
    assert await emptied(inbox, max_bytes=64) == [
        Audio(b"ab" * 32),
        Audio(b"ab" * 32),
        Audio(b"ab" * 32),
        Audio(b"ab" * 4),
        Finalize(),
        Audio(b"cd"),
    ]


async def test_a_large_piece_is_split_and_a_control_message_waits_for_its_end() -> None:
    inbox = Inbox(max_bytes=PLENTY)
    inbox.put(Audio(bytes(range(250))))
    inbox.put(End())
    taken = await emptied(inbox, max_bytes=100)
    assert [len(m.data) for m in taken if isinstance(m, Audio)] == [100, 100, 50]
    assert canonical(taken) == [Audio(bytes(range(250))), End()]


async def test_a_full_inbox_makes_the_reader_wait() -> None:
    inbox = Inbox(max_bytes=1_000)
    inbox.put(Audio(bytes(500)))
    await asyncio.wait_for(inbox.room(), PATIENCE_S)
    inbox.put(Audio(bytes(900)))
    assert inbox.is_full, "one message may go over the bound"
    waiting = asyncio.create_task(inbox.room())
    await inbox.take(max_bytes=500)
    await asyncio.sleep(0)
    assert inbox.is_full
    assert not waiting.done()
    await inbox.take(max_bytes=500)
    await asyncio.wait_for(waiting, PATIENCE_S)
    assert not inbox.is_full


async def test_a_taker_waits_and_is_woken() -> None:
    inbox = Inbox(max_bytes=100)
    taking = asyncio.create_task(inbox.take(max_bytes=10))
    await asyncio.sleep(0)
    assert not taking.done()
    inbox.put(Finalize())
    assert await asyncio.wait_for(taking, PATIENCE_S) == Finalize()


async def test_cancelling_a_taker_loses_nothing() -> None:
    inbox = Inbox(max_bytes=100)
    taking = asyncio.create_task(inbox.take(max_bytes=10))
    await asyncio.sleep(0)
    taking.cancel()
    inbox.put(Audio(b"kept"))
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert await inbox.take(max_bytes=10) == Audio(b"kept")


async def test_cancelling_who_waits_for_room_is_safe() -> None:
    inbox = Inbox(max_bytes=1)
    inbox.put(Audio(b"ab"))
    waiting = asyncio.create_task(inbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await inbox.take(max_bytes=10)
    await asyncio.wait_for(inbox.room(), PATIENCE_S)


@pytest.mark.parametrize("message", [Finalize(), Audio(b""), Audio(b"x")], ids=repr)
def test_messages_without_weight_fill_it_too(message: ClientMessage) -> None:
    """A million of them take a hundred megabytes, however few bytes of audio they hold."""
    inbox = Inbox(max_bytes=PLENTY)
    for _ in range(100_000):
        inbox.put(message)
    assert inbox.is_full
