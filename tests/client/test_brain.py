"""The brain alone: no sockets."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.client._session import MAX_FRAME_BYTES, SessionBrain, frames_of
from oyez.errors import OyezConnectionLostError, OyezError, OyezRealtimeError
from oyez.types import RealtimeControlType, RealtimeSTTConfig, StructuredContext

FINISHED = '{"tokens":[],"final_audio_proc_ms":9,"total_audio_proc_ms":9,"finished":true}'
ERROR = '{"tokens":[],"error_code":400,"error_type":"invalid_request","error_message":"m"}'


def started(**fields: Any) -> SessionBrain:
    brain = SessionBrain(RealtimeSTTConfig(**fields))
    brain.start()
    return brain


def test_the_start_message_has_no_nones_and_nested_models_as_json() -> None:
    brain = SessionBrain(
        RealtimeSTTConfig(
            model="m", context=StructuredContext(text="About ships."), language_hints=["en"]
        )
    )
    frame = brain.start()
    assert json.loads(frame or "") == {
        "model": "m",
        "audio_format": "auto",
        "language_hints": ["en"],
        "context": {"text": "About ships."},
    }


def test_counters() -> None:
    brain = started()
    brain.audio(b"abc")
    brain.audio(memoryview(b"de"))
    brain.receive('{"tokens":[],"final_audio_proc_ms":5,"total_audio_proc_ms":6}')
    brain.receive('{"tokens":[]}')
    assert brain.audio_bytes_sent == 5
    assert brain.messages_received == 2
    assert brain.final_audio_proc_ms == 5


def test_frames_are_bytes_for_audio_and_text_for_everything_else() -> None:
    brain = started()
    assert brain.audio(bytearray(b"a")) == b"a"
    assert brain.control("keep_alive") == '{"type":"keepalive"}'
    assert brain.control("finalize") == '{"type":"finalize"}'
    assert brain.control(RealtimeControlType.FINISH) == ""
    assert brain.control("finish") is None


def test_a_failed_send_does_not_hide_what_was_received() -> None:
    brain = started()
    brain.send_failed()
    assert not brain.is_open
    assert brain.audio(b"x") is None
    assert brain.expects_message()
    with pytest.raises(OyezError, match="400 invalid_request"):
        brain.receive(ERROR)


def test_a_closed_socket_is_no_loss_after_finished_or_close() -> None:
    brain = started()
    brain.control("finish")
    brain.receive(FINISHED)
    brain.socket_closed(1000, EOFError())
    brain = started()
    brain.close()
    brain.socket_closed(None, EOFError())


def test_a_loss_is_the_same_exception_every_time() -> None:
    brain = started()
    with pytest.raises(OyezConnectionLostError) as first:
        brain.socket_closed(1006, EOFError())
    with pytest.raises(OyezConnectionLostError) as second:
        brain.expects_message()
    assert first.value is second.value


def test_closing_before_entering_changes_nothing() -> None:
    brain = SessionBrain(RealtimeSTTConfig())
    brain.close()
    assert not brain.abort(OSError())
    with pytest.raises(OyezRealtimeError, match="not connected"):
        brain.expects_message()
    assert brain.start() is not None
    assert brain.is_open


STEPS = ("audio", "finish", "finalize", "keep_alive", "pause", "resume", "close", "abort", "cut")


@given(st.lists(st.sampled_from([*STEPS, FINISHED, ERROR, "{}", "no json"])))
def test_no_order_of_calls_raises_from_a_sending_method(steps: list[str]) -> None:
    brain = started()
    ended = False
    for step in steps:
        frame = None
        match step:
            case "audio":
                frame = brain.audio(b"x")
                assert not (frame and brain.is_paused)
            case "pause":
                brain.pause()
            case "resume":
                brain.resume()
            case "close":
                brain.close()
            case "abort":
                brain.abort(OSError())
            case "cut":
                brain.send_failed()
            case "finish" | "finalize" | "keep_alive":
                frame = brain.control(step)
            case _:
                try:
                    if brain.expects_message():
                        brain.receive(step)
                except OyezError:
                    assert not brain.is_open
        assert not (ended and frame is not None)
        ended = ended or not brain.takes_audio


@given(st.integers(0, 3 * MAX_FRAME_BYTES))
def test_frames_join_to_the_piece(size: int) -> None:
    frames = list(frames_of(bytes(size)))
    assert b"".join(frames) == bytes(size)
    assert all(0 < len(frame) <= MAX_FRAME_BYTES for frame in frames)
