"""Keys as the handshake and the start message present them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.errors import RemoteProtocolError
from oyez.server.keys import SUBPROTOCOL, from_handshake, is_same, make_key, the_key


@pytest.mark.parametrize(
    ("authorization", "subprotocols", "key", "selected"),
    [
        (None, [], None, None),
        ("Bearer k", [], "k", None),
        ("bearer  k ", [], "k", None),
        ("Bearer temp:k", [], "temp:k", None),
        (None, [SUBPROTOCOL, "k"], "k", SUBPROTOCOL),
        (None, ["other", SUBPROTOCOL, "k"], "k", SUBPROTOCOL),
        (None, [SUBPROTOCOL], None, SUBPROTOCOL),
        (None, ["chat", "k"], None, None),
        ("Bearer k", ["chat"], "k", None),
    ],
)
def test_what_a_handshake_presents(
    authorization: str | None, subprotocols: list[str], key: str | None, selected: str | None
) -> None:
    presented = from_handshake(authorization, subprotocols)
    assert presented.problem is None
    assert (presented.key, presented.subprotocol) == (key, selected)


@pytest.mark.parametrize(
    ("authorization", "subprotocols", "error_type"),
    [
        ("Token k", [], "unauthenticated"),
        ("k", [], "unauthenticated"),
        ("", [], "unauthenticated"),
        ("Bearer k", [SUBPROTOCOL, "k"], "invalid_request"),
        ("Bearer k", [SUBPROTOCOL, "other"], "invalid_request"),
    ],
)
def test_what_is_wrong_is_kept_for_a_frame(
    authorization: str, subprotocols: list[str], error_type: str
) -> None:
    presented = from_handshake(authorization, subprotocols)
    assert presented.problem is not None
    assert presented.problem.error_type == error_type
    assert presented.key is None
    assert presented.subprotocol == (SUBPROTOCOL if subprotocols else None)


@settings(deadline=None)
@given(st.text(max_size=50), st.lists(st.text(max_size=20), max_size=4))
def test_no_handshake_raises(authorization: str, subprotocols: list[str]) -> None:
    presented = from_handshake(authorization, subprotocols)
    assert presented.subprotocol is None or presented.subprotocol in subprotocols


@pytest.mark.parametrize(("handshake", "in_start"), [("k", None), (None, "k"), ("k", "k")])
def test_the_key_of_a_connection(handshake: str | None, in_start: str | None) -> None:
    assert the_key(handshake, in_start) == "k"


@pytest.mark.parametrize(
    ("handshake", "in_start", "error_type", "says"),
    [
        (None, None, "unauthenticated", "Authorization: Bearer KEY"),
        ("", None, "unauthenticated", "No API key"),
        ("k", "k\udfff", "invalid_request", "different keys"),
        ("k", "x", "invalid_request", "present one"),
        ("x", "k", "invalid_request", "present one"),
    ],
)
def test_no_key_and_two_keys(
    handshake: str | None, in_start: str | None, error_type: str, says: str
) -> None:
    with pytest.raises(RemoteProtocolError, match=says) as caught:
        the_key(handshake, in_start)
    assert caught.value.error_type == error_type


@settings(deadline=None)
@given(st.text(), st.text())
def test_keys_are_the_same_only_when_they_are(left: str, right: str) -> None:
    assert is_same(left, right) == (left == right)
    assert is_same(left, left)


@pytest.mark.parametrize("key", ["x", "\ud800", "\u00fc\U0001f511", "k ", "K", ""])
def test_a_key_that_is_not_quite_it(key: str) -> None:
    assert not is_same(key, "k")


def test_keys_are_made_to_be_legal_everywhere() -> None:
    keys = {make_key() for _ in range(100)}
    assert len(keys) == 100
    token = re.compile(r"[A-Za-z0-9_]{36,}")  # legal in a header and as a subprotocol
    assert all(token.fullmatch(key) for key in keys)
