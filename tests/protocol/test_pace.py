"""A stream that crawls is ended, one that pauses is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.protocol.connection import Connection, Role
from oyez.protocol.limits import Limits
from oyez.protocol.messages import ClientKind

LIMITS = Limits()


def started(limits: Limits = LIMITS) -> Connection:
    connection = Connection(Role.SERVER, now_s=0.0, limits=limits)
    connection.client_says(ClientKind.START, now_s=0.0)
    return connection


def stream(
    connection: Connection, *, begin_s: float, end_s: float, pace: float, every_s: float = 10.0
) -> str | None:
    """Send audio at a pace, in chunks; return why the stream ended, if it did."""
    now_s = begin_s
    while now_s <= end_s:
        expiry = connection.expire(now_s=now_s)
        if expiry is not None:
            assert (expiry.close_code, expiry.error_type) == (1000, "request_timeout")
            return f"{now_s:g}: {expiry.reason}"
        connection.client_says(ClientKind.AUDIO, now_s=now_s)
        connection.decoded(round((now_s - begin_s + every_s) * pace * 1000))
        now_s += every_s
    return None


def test_audio_that_cannot_be_decoded_is_a_timeout() -> None:
    connection = started()
    connection.client_says(ClientKind.AUDIO, now_s=3.0)
    for now_s in range(4, 23):
        assert connection.expire(now_s=now_s) is None
        connection.client_says(ClientKind.AUDIO, now_s=now_s)
    assert connection.next_deadline_s() == 23.0
    expiry = connection.expire(now_s=23.0)
    assert expiry is not None
    assert (expiry.close_code, expiry.error_type) == (1000, "request_timeout")
    assert "none of it could be decoded for 20 s" in expiry.reason


def test_one_decoded_sample_is_enough_for_that() -> None:
    connection = started()
    connection.client_says(ClientKind.AUDIO, now_s=3.0)
    connection.decoded(1)
    connection.client_says(ClientKind.AUDIO, now_s=22.0)
    assert connection.expire(now_s=23.0) is None


def test_a_recorder_that_pauses_after_its_header_may_pause() -> None:
    connection = started()
    connection.client_says(ClientKind.AUDIO, now_s=0.0)
    for now_s in range(5, 120, 5):
        connection.client_says(ClientKind.KEEPALIVE, now_s=now_s)
        assert connection.expire(now_s=now_s) is None


def test_audio_at_a_twentieth_of_its_pace_goes_on() -> None:
    assert stream(started(), begin_s=0, end_s=600, pace=LIMITS.min_input_pace) is None


def test_audio_slower_than_that_is_a_timeout() -> None:
    ended = stream(started(), begin_s=0, end_s=600, pace=0.04)
    assert ended is not None
    assert ended.startswith("60: Audio arrives too slowly: 2.4 s of it in 60 s.")


def test_audio_that_becomes_slow_is_noticed_within_two_windows() -> None:
    connection = started()
    assert stream(connection, begin_s=0, end_s=100, pace=1.0) is None
    for now_s in range(110, 171, 10):
        assert connection.expire(now_s=now_s) is None
        connection.client_says(ClientKind.AUDIO, now_s=now_s)
    expiry = connection.expire(now_s=180.0)
    assert expiry is not None
    assert "too slowly: 0.0 s" in expiry.reason


def test_a_gated_microphone_with_keepalives_is_never_too_slow() -> None:
    connection = started()
    for now_s in range(0, 3_600, 10):
        assert connection.expire(now_s=now_s) is None
        kind = ClientKind.AUDIO if now_s % 50 == 0 else ClientKind.KEEPALIVE
        connection.client_says(kind, now_s=now_s)
        connection.decoded(now_s + 1)


def test_time_in_which_the_server_did_not_listen_does_not_count() -> None:
    connection = started()
    connection.client_says(ClientKind.AUDIO, now_s=0.0)
    connection.resume(now_s=500.0)
    connection.client_says(ClientKind.AUDIO, now_s=501.0)
    assert connection.expire(now_s=520.9) is None
    assert connection.expire(now_s=521.0) is not None


@pytest.mark.parametrize("pace", [0.0, -1.0])
def test_the_rule_can_be_switched_off(pace: float) -> None:
    connection = started(Limits(min_input_pace=pace))
    assert stream(connection, begin_s=0, end_s=3_600, pace=0.0001) is None


@given(
    pace=st.floats(0.051, 100.0),
    every_s=st.floats(0.02, 2.9),
    begin_s=st.floats(0.0, 19.0),
)
def test_no_steady_stream_of_enough_pace_is_ended(
    pace: float, every_s: float, begin_s: float
) -> None:
    ended = stream(started(), begin_s=begin_s, end_s=200.0, pace=pace, every_s=every_s)
    assert ended is None
