"""The helpers, next to those of the Soniox SDK on the same inputs."""

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soniox.types
import soniox.utils
from hypothesis import given
from hypothesis import strategies as st

from oyez import OyezClient, OyezRealtimeError, OyezValidationError
from oyez.protocol.messages import ClientKind, Finished
from oyez.types import Token
from oyez.utils import (
    render_tokens,
    start_audio_thread,
    stream_audio,
    stream_audio_async,
    throttle_audio,
    throttle_audio_async,
)

from .canned import CannedServer, results
from .conftest import KEY

TOKENS = st.lists(
    st.fixed_dictionaries(
        {"text": st.sampled_from(["", " a", "b", "  c ", "<end>"])},
        optional={
            "speaker": st.sampled_from(["1", "2"]),
            "language": st.sampled_from(["en", "de"]),
            "translation_status": st.sampled_from(["none", "original", "translation"]),
        },
    )
)


@given(TOKENS, TOKENS)
def test_tokens_are_rendered_as_there(final: list[Any], non_final: list[Any]) -> None:
    ours = render_tokens([Token(**t) for t in final], [Token(**t) for t in non_final])
    theirs = soniox.utils.render_tokens(
        [soniox.types.Token(**t) for t in final], [soniox.types.Token(**t) for t in non_final]
    )
    assert ours == theirs


FORMS: list[Callable[[Path, bytes], Any]] = [
    lambda path, data: data,
    lambda path, data: path,
    lambda path, data: str(path),
    lambda path, data: io.BytesIO(data),
]


@pytest.mark.parametrize("form", FORMS, ids=["bytes", "path", "str", "file"])
@pytest.mark.parametrize("size", [0, 1, 4096, 10_000])
@pytest.mark.parametrize("options", [{}, {"chunk_size_bytes": 7}], ids=["default", "7"])
async def test_chunks_are_the_same_as_there(
    tmp_path: Path, form: Callable[[Path, bytes], Any], size: int, options: dict[str, Any]
) -> None:
    data = bytes(index % 251 for index in range(size))
    path = tmp_path / "audio"
    path.write_bytes(data)
    expected = list(soniox.utils.stream_audio(form(path, data), **options))
    assert list(stream_audio(form(path, data), **options)) == expected
    assert list(throttle_audio(form(path, data), **options)) == expected
    if len(expected) < 10:
        chunks = [chunk async for chunk in stream_audio_async(form(path, data), **options)]
        assert chunks == expected
        expected = [
            chunk async for chunk in soniox.utils.throttle_audio_async(form(path, data), **options)
        ]
        chunks = [chunk async for chunk in throttle_audio_async(form(path, data), **options)]
        assert chunks == expected


async def test_delays_follow_each_chunk() -> None:
    sleeps: list[float] = []

    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)

    options: dict[str, Any] = {"chunk_size_bytes": 2, "delay_seconds": 0.5}
    assert list(throttle_audio(b"abcde", sleep=sleeps.append, **options)) == [b"ab", b"cd", b"e"]
    assert [chunk async for chunk in throttle_audio_async(b"abcde", sleep=sleep, **options)]
    assert sleeps == [0.5] * 6


@pytest.mark.parametrize(
    "call",
    [
        lambda: stream_audio(b"", chunk_size_bytes=0),
        lambda: stream_audio_async(b"", chunk_size_bytes=-1),
        lambda: throttle_audio(b"", delay_seconds=-1),
        lambda: throttle_audio_async(b"", delay_seconds=-1),
        lambda: list(stream_audio(io.StringIO("text"))),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments(call: Callable[[], object]) -> None:
    with pytest.raises(OyezValidationError):
        call()


def connect(server: CannedServer) -> Any:
    server.script = {ClientKind.AUDIO: [results("a")], ClientKind.END: [Finished(0)]}
    client = OyezClient(api_key=KEY, base_url=server.base_url)
    return client.realtime.stt.connect(config={})


def test_an_audio_thread_sends_and_finishes(server: CannedServer) -> None:
    with connect(server) as session:
        thread = start_audio_thread(session, stream_audio(b"abcd", chunk_size_bytes=2), name="a")
        assert len(list(session.receive_events())) == 3
        thread.join()
    assert (thread.name, thread.daemon, thread.exception) == ("a", True, None)
    assert server.peer.audio == b"abcd"


def test_an_exception_of_the_source_is_raised_by_the_receiver(server: CannedServer) -> None:
    def source() -> Iterator[bytes]:
        yield b"x"
        raise OSError("The microphone is gone.")

    with connect(server) as session:
        thread = start_audio_thread(session, source())
        with pytest.raises(OyezRealtimeError, match="microphone is gone") as caught:
            list(session.receive_events())
        thread.join()
    assert isinstance(thread.exception, OSError)
    assert caught.value.__cause__ is thread.exception


def test_an_exception_without_a_receiver_goes_to_the_hook(
    server: CannedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooked: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", hooked.append)

    def source() -> Iterator[bytes]:
        session.close()
        yield b"x"
        raise AssertionError

    def broken() -> Iterator[bytes]:
        session.close()
        raise OSError("Late.")
        yield b""

    with connect(server) as session:
        start_audio_thread(session, source()).join()
    with connect(server) as session:
        thread = start_audio_thread(session, broken())
        thread.join()
    assert [args.exc_value for args in hooked] == [thread.exception]


def test_an_audio_thread_needs_an_entered_session(server: CannedServer) -> None:
    with pytest.raises(OyezRealtimeError, match="not connected"):
        start_audio_thread(connect(server), b"x")
