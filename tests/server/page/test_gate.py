"""Who may see the page."""

from typing import Any

import pytest
from starlette.datastructures import Headers

from oyez.errors import OyezValidationError
from oyez.server.page.gate import Entry, check_page_settings, entry, is_own_page
from oyez.server.settings import Settings

PASSPHRASE = "four random words here"
PUBLIC = "0.0.0.0"


def settings(**changes: Any) -> Settings:
    return Settings(api_key="key", **changes)


def headers(host: str, **more: str) -> Headers:
    return Headers({"host": host} | {name.replace("_", "-"): text for name, text in more.items()})


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8484", "localhost:8484", "LOCALHOST", "a.localhost:1", "[::1]:8484"],
)
def test_at_a_loopback_address_it_is_open_to_loopback_names(host: str) -> None:
    assert entry(headers(host), settings()) is Entry.OPEN


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:8484",
        "localhost.evil.example",
        "192.168.0.7:8484",
        "user@localhost.example",
        "[::1",
        "",
    ],
)
def test_a_name_that_was_bound_to_this_machine_does_not_open_it(host: str) -> None:
    assert entry(headers(host), settings()) is Entry.ELSEWHERE


@pytest.mark.parametrize(
    "header", ["forwarded", "via", "x_forwarded_for", "x_forwarded_proto", "x_real_ip"]
)
def test_what_a_proxy_passes_on_does_not_count_as_this_machine(header: str) -> None:
    passed_on = headers("127.0.0.1:8484", **{header: "203.0.113.9"})
    assert entry(passed_on, settings()) is Entry.ELSEWHERE
    with_passphrase = settings(page_passphrase=PASSPHRASE)
    assert entry(passed_on, with_passphrase) is Entry.ASK


def test_at_another_address_it_is_off_until_switched_on_and_then_asks() -> None:
    here = headers("127.0.0.1:8484")
    assert entry(here, settings(host=PUBLIC)) is Entry.OFF
    assert entry(here, settings(host=PUBLIC, page_passphrase=PASSPHRASE)) is Entry.OFF
    switched_on = settings(host=PUBLIC, page=True, page_passphrase=PASSPHRASE)
    assert entry(here, switched_on) is Entry.ASK


def test_it_can_be_switched_off_and_a_passphrase_is_asked_for_wherever_there_is_one() -> None:
    here = headers("localhost")
    assert entry(here, settings(page=False)) is Entry.OFF
    assert entry(here, settings(page_passphrase=PASSPHRASE)) is Entry.ASK


@pytest.mark.parametrize("passphrase", [None, "", "eleven char"])
def test_nobody_can_open_it_to_everybody(passphrase: str | None) -> None:
    with pytest.raises(OyezValidationError, match=r"OYEZ_PAGE_PASSPHRASE|characters"):
        check_page_settings(settings(host=PUBLIC, page=True, page_passphrase=passphrase))


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        ("http://127.0.0.1:8484", "127.0.0.1:8484", True),
        ("https://speech.example", "speech.example", True),
        ("http://localhost:8484", "127.0.0.1:8484", False),
        ("http://127.0.0.1:9000", "127.0.0.1:8484", False),
        ("http://evil.example", "127.0.0.1:8484", False),
        ("null", "127.0.0.1:8484", False),
        ("file://127.0.0.1:8484", "127.0.0.1:8484", False),
        ("http://[::1", "127.0.0.1:8484", False),
        ("", "", False),
    ],
)
def test_only_the_same_origin_is_its_own_page(origin: str, host: str, is_own: bool) -> None:
    assert is_own_page(headers(host, origin=origin)) is is_own


def test_a_request_that_names_no_origin_or_that_the_browser_calls_foreign_is_not_its_own() -> None:
    assert not is_own_page(headers("localhost"))
    own = {"origin": "http://localhost"}
    assert is_own_page(headers("localhost", **own, sec_fetch_site="same-origin"))
    for site in ("same-site", "cross-site", "none"):
        assert not is_own_page(headers("localhost", **own, sec_fetch_site=site))
