"""How long silence is borne. The clock is a number that the tests choose."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.protocol.connection import Connection, Role
from oyez.protocol.error_types import ERROR_TYPES
from oyez.protocol.limits import Expiry, Limits
from oyez.protocol.messages import ClientKind, ServerKind

LIMITS = Limits()
OPENED_S = 1_000.0


def opened(limits: Limits | None = None) -> Connection:
    return Connection(Role.SERVER, now_s=OPENED_S, limits=limits)


def started(limits: Limits | None = None, *, after_s: float = 0.0) -> Connection:
    connection = opened(limits)
    connection.client_says(ClientKind.START, now_s=OPENED_S + after_s)
    return connection


def test_the_limits_are_those_of_the_protocol() -> None:
    assert LIMITS.idle_timeout_s == 20.0
    assert LIMITS.max_duration_s == 300 * 60.0


def test_a_start_message_that_never_comes_is_a_timeout() -> None:
    connection = opened()
    deadline_s = OPENED_S + LIMITS.start_timeout_s
    assert connection.next_deadline_s() == deadline_s
    assert connection.expire(now_s=deadline_s - 0.001) is None
    expiry = connection.expire(now_s=deadline_s)
    assert expiry is not None
    assert (expiry.close_code, expiry.error_type) == (1001, "request_timeout")


def test_keepalives_hold_the_socket_open_before_the_start_but_not_for_ever() -> None:
    connection = opened()
    now_s = OPENED_S
    while now_s + 5.0 < OPENED_S + LIMITS.max_opening_s:
        now_s += 5.0
        connection.client_says(ClientKind.KEEPALIVE, now_s=now_s)
        assert connection.expire(now_s=now_s) is None
    assert connection.next_deadline_s() == OPENED_S + LIMITS.max_opening_s
    expiry = connection.expire(now_s=OPENED_S + LIMITS.max_opening_s)
    assert expiry is not None
    assert (expiry.close_code, expiry.error_type) == (1001, "request_timeout")


def test_a_start_message_may_come_late() -> None:
    connection = started(after_s=59.0)
    assert connection.next_deadline_s() == OPENED_S + 59.0 + LIMITS.idle_timeout_s


def test_twenty_seconds_of_nothing_time_out() -> None:
    connection = started()
    assert connection.next_deadline_s() == OPENED_S + 20.0
    assert connection.expire(now_s=OPENED_S + 19.999) is None
    expiry = connection.expire(now_s=OPENED_S + 20.0)
    assert expiry is not None
    assert (expiry.close_code, expiry.error_type) == (1000, "request_timeout")
    assert expiry.reason == "Neither audio nor a keepalive arrived for 20 s."


@pytest.mark.parametrize("kind", [ClientKind.AUDIO, ClientKind.KEEPALIVE, ClientKind.FINALIZE])
def test_anything_from_the_client_begins_the_twenty_seconds_again(kind: ClientKind) -> None:
    connection = started()
    connection.client_says(kind, now_s=OPENED_S + 15.0)
    assert connection.expire(now_s=OPENED_S + 34.9) is None
    assert connection.next_deadline_s() == OPENED_S + 35.0


def test_results_do_not_count_as_a_sign_of_the_client() -> None:
    connection = started()
    connection.server_says(ServerKind.RESULTS)
    assert connection.next_deadline_s() == OPENED_S + 20.0


def test_a_refused_message_is_no_sign_of_life() -> None:
    connection = started()
    with pytest.raises(Exception, match="one start message"):
        connection.client_says(ClientKind.START, now_s=OPENED_S + 10.0)
    assert connection.next_deadline_s() == OPENED_S + 20.0


def test_time_in_which_the_server_did_not_listen_is_not_the_clients() -> None:
    connection = started()
    connection.resume(now_s=OPENED_S + 100.0)
    assert connection.expire(now_s=OPENED_S + 119.9) is None
    assert connection.next_deadline_s() == OPENED_S + 120.0


def test_after_the_end_of_audio_nobody_must_keep_alive() -> None:
    connection = started()
    connection.client_says(ClientKind.END, now_s=OPENED_S + 1.0)
    assert connection.expire(now_s=OPENED_S + 1_000.0) is None
    assert connection.next_deadline_s() == OPENED_S + LIMITS.max_duration_s


@pytest.mark.parametrize("ends", [False, True])
def test_a_stream_ends_after_its_longest_duration_whatever_arrives(ends: bool) -> None:
    connection = started(after_s=5.0)
    deadline_s = OPENED_S + 5.0 + LIMITS.max_duration_s
    connection.client_says(ClientKind.AUDIO, now_s=deadline_s - 0.001)
    if ends:
        connection.client_says(ClientKind.END, now_s=deadline_s - 0.001)
    assert connection.expire(now_s=deadline_s - 0.001) is None
    assert connection.next_deadline_s() == deadline_s
    expiry = connection.expire(now_s=deadline_s)
    assert expiry is not None
    assert (expiry.close_code, expiry.error_type) == (1000, "max_duration_reached")
    assert expiry.reason == "The stream reached 300 minutes."


def test_of_two_deadlines_that_passed_the_earlier_counts() -> None:
    connection = started(Limits(idle_timeout_s=20.0, max_duration_s=30.0))
    expiry = connection.expire(now_s=OPENED_S + 40.0)
    assert expiry is not None
    assert expiry.error_type == "request_timeout"


@pytest.mark.parametrize("last_word", [ServerKind.FINISHED, ServerKind.ERROR])
def test_after_the_servers_last_word_there_is_no_deadline(last_word: ServerKind) -> None:
    connection = started()
    connection.client_says(ClientKind.END, now_s=OPENED_S)
    connection.server_says(last_word)
    assert connection.next_deadline_s() is None
    assert connection.expire(now_s=float("inf")) is None


STEPS: dict[str, Callable[[Connection, float], object]] = {
    "keepalive": lambda end, now_s: end.client_says(ClientKind.KEEPALIVE, now_s=now_s),
    "start": lambda end, now_s: (
        None if end.is_started else end.client_says(ClientKind.START, now_s=now_s)
    ),
    "audio": lambda end, now_s: (
        end.client_says(ClientKind.AUDIO, now_s=now_s) if end.is_started else None
    ),
    "end": lambda end, now_s: (
        end.client_says(ClientKind.END, now_s=now_s) if end.is_started else None
    ),
    "resume": lambda end, now_s: end.resume(now_s=now_s),
}


@settings(deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.floats(0.0, 30.0)), max_size=12),
    before_s=st.floats(0.001, 1_000.0),
)
def test_nothing_expires_before_the_next_deadline_and_something_does_at_it(
    steps: list[tuple[str, float]], before_s: float
) -> None:
    connection = opened()
    now_s = OPENED_S
    for name, wait_s in steps:
        now_s += wait_s
        STEPS[name](connection, now_s)
        deadline_s = connection.next_deadline_s()
        assert deadline_s is not None
        assert connection.expire(now_s=deadline_s - before_s) is None
        expiry = connection.expire(now_s=deadline_s)
        assert isinstance(expiry, Expiry)
        assert expiry.error_type in ERROR_TYPES
        assert connection.next_deadline_s() == deadline_s  # looking changes nothing
