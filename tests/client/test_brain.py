"""The brain alone: no sockets."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.client._session import SessionBrain
from oyez.client.failures import Closing
from oyez.client.frames import MAX_FRAME_BYTES, frames_of
from oyez.errors import OyezConnectionLostError, OyezError, OyezRealtimeError
from oyez.types import RealtimeControlType, RealtimeSTTConfig, StructuredContext

CLOSED = Closing(1012, "restart", is_silent=False, cause=EOFError())
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
    brain.receive(ERROR)
    with pytest.raises(OyezError, match="400 invalid_request"):
        brain.hand_out()


def test_a_closed_socket_is_no_loss_after_finished_or_close() -> None:
    brain = started()
    brain.control("finish")
    brain.receive(FINISHED)
    brain.socket_closed(CLOSED)
    assert brain.failure is None
    brain = started()
    brain.close()
    brain.socket_closed(CLOSED)
    assert brain.failure is None


def test_a_loss_is_the_same_exception_every_time_in_both_directions() -> None:
    brain = started()
    brain.socket_closed(CLOSED)
    for call in (brain.expects_message, lambda: brain.audio(b"x"), lambda: brain.control("finish")):
        with pytest.raises(OyezConnectionLostError) as caught:
            call()
        assert caught.value is brain.failure


def test_closing_before_entering_changes_nothing() -> None:
    brain = SessionBrain(RealtimeSTTConfig())
    brain.close()
    assert not brain.abort(OSError())
    with pytest.raises(OyezRealtimeError, match="not connected"):
        brain.expects_message()
    assert brain.start() is not None
    assert brain.is_open


def quietly(call: Callable[..., object], *arguments: object) -> None:
    call(*arguments)


STEPS: dict[str, Callable[[SessionBrain], str | bytes | None]] = {
    "audio": lambda brain: brain.audio(b"x"),
    "finish": lambda brain: brain.control("finish"),
    "finalize": lambda brain: brain.control("finalize"),
    "keep_alive": lambda brain: brain.control("keep_alive"),
    "pause": lambda brain: quietly(brain.pause),
    "resume": lambda brain: quietly(brain.resume),
    "close": lambda brain: quietly(brain.close),
    "abort": lambda brain: quietly(brain.abort, OSError()),
    "cut": lambda brain: quietly(brain.send_failed),
    "lost": lambda brain: quietly(brain.socket_closed, CLOSED),
}


def hear(brain: SessionBrain, frame: str) -> None:
    try:
        if brain.expects_message():
            brain.receive(frame)
            brain.hand_out()
    except OyezError:
        assert not brain.is_open


@settings(deadline=None)
@given(st.lists(st.sampled_from([*STEPS, FINISHED, ERROR, "{}", "no json"])))
def test_sending_raises_nothing_but_the_loss_in_any_order_of_calls(steps: list[str]) -> None:
    brain = started()
    ended = False
    for step in steps:
        frame = None
        try:
            if step in STEPS:
                frame = STEPS[step](brain)
            else:
                hear(brain, step)
            ended_now = not brain.takes_audio
        except OyezConnectionLostError:
            assert "lost" in steps
            ended_now = True
        assert not (step == "audio" and frame and brain.is_paused)
        assert not (ended and frame is not None)
        ended = ended or ended_now


@settings(deadline=None)
@given(st.integers(0, 3 * MAX_FRAME_BYTES))
def test_frames_join_to_the_piece(size: int) -> None:
    frames = list(frames_of(bytes(size)))
    assert b"".join(frames) == bytes(size)
    assert all(0 < len(frame) <= MAX_FRAME_BYTES for frame in frames)
