"""How often a passphrase may be tried, and how those who knew it are remembered."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.server.page.attempts import Attempts
from oyez.server.page.visits import LIFE_S, Visits

TIMES = st.lists(
    st.tuples(st.floats(0, 20), st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"])),
    max_size=60,
)


@given(TIMES)
def test_no_window_has_more_attempts_than_are_allowed(gaps: list[tuple[float, str]]) -> None:
    attempts = Attempts(each=3, limit=5, window_s=60.0)
    now_s = 0.0
    made: list[tuple[float, str]] = []
    for gap_s, address in gaps:
        now_s += gap_s
        if attempts.wait_s(address, now_s=now_s) == 0:
            attempts.count(address, now_s=now_s)
            made.append((now_s, address))
        window = [other for at_s, other in made if at_s > now_s - 60]
        assert len(window) <= 5
        assert window.count(address) <= 3


@given(TIMES)
def test_who_waits_as_long_as_was_said_may_try(gaps: list[tuple[float, str]]) -> None:
    attempts = Attempts(each=3, limit=5, window_s=60.0)
    now_s = 0.0
    for gap_s, address in gaps:
        now_s += gap_s
        wait_s = attempts.wait_s(address, now_s=now_s)
        assert wait_s <= 60
        now_s += wait_s + 1e-6
        assert attempts.wait_s(address, now_s=now_s) == 0
        attempts.count(address, now_s=now_s)


def test_a_whole_network_of_ipv6_counts_as_one_and_other_addresses_do_not() -> None:
    attempts = Attempts(each=1, limit=10)
    attempts.count("2001:db8::1", now_s=0)
    attempts.count("192.0.2.1", now_s=0)
    assert attempts.wait_s("2001:db8::ffff:1", now_s=0) == 60
    assert attempts.wait_s("2001:db8:0:1::1", now_s=0) == 0
    assert attempts.wait_s("192.0.2.2", now_s=0) == 0


PASSPHRASE = "four random words here"


@given(st.text())
def test_only_the_passphrase_is_the_passphrase(text: str) -> None:
    assert Visits(PASSPHRASE).knows(text) is (text == PASSPHRASE)
    assert Visits(text).knows(text)


def test_passphrases_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By digests of one length, and in no other way."""
    compared = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return left == right

    monkeypatch.setattr(hmac, "compare_digest", compare)
    visits = Visits(PASSPHRASE)
    assert not visits.knows("")
    assert not visits.knows(PASSPHRASE + "!" * 1_000)
    assert visits.knows(PASSPHRASE)
    assert compared == [(32, 32)] * 3


def test_a_cookie_holds_for_its_time_and_for_one_process() -> None:
    visits = Visits(PASSPHRASE)
    cookie = visits.cookie(now_s=1_000)
    assert visits.is_known(cookie, now_s=1_000 + LIFE_S - 1)
    assert not visits.is_known(cookie, now_s=1_000 + LIFE_S)
    assert not Visits(PASSPHRASE).is_known(cookie, now_s=1_000)
    assert PASSPHRASE not in cookie


@given(st.text(max_size=300), st.integers(0, 80))
def test_nobody_else_can_make_a_cookie(text: str, place: int) -> None:
    visits = Visits(PASSPHRASE)
    assert not visits.is_known(text, now_s=0)
    assert not visits.is_known(None, now_s=0)
    cookie = visits.cookie(now_s=0)
    changed = cookie[:place] + ("0" if cookie[place] != "0" else "1") + cookie[place + 1 :]
    assert not visits.is_known(changed, now_s=0)
