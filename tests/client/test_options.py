"""Keys, addresses and arguments of clients."""

from typing import Any

import pytest

from oyez import AsyncOyezClient, OyezClient, OyezValidationError, RealtimeSTTConfig
from oyez.client.handshake import is_this_machine

CLIENTS = pytest.mark.parametrize("client", [OyezClient, AsyncOyezClient])


@CLIENTS
def test_the_key_comes_from_the_argument_then_the_environment(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OyezValidationError, match=r"set OYEZ_API_KEY or pass api_key=.*oyez serve"):
        client()
    monkeypatch.setenv("OYEZ_API_KEY", " from-env\n")
    assert client().api_key == "from-env"
    assert client(api_key="mine").api_key == "mine"
    with pytest.raises(TypeError):
        client("positional")


@pytest.mark.parametrize("key", ["a\nb", "schlüssel"])
def test_a_key_that_no_header_carries(key: str) -> None:
    with pytest.raises(OyezValidationError, match="no header") as caught:
        OyezClient(api_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "websocket", "api"),
    [
        (None, "ws://127.0.0.1:8484/transcribe-websocket", "http://127.0.0.1:8484/v1"),
        ("ws://h:1", "ws://h:1/transcribe-websocket", "http://h:1/v1"),
        ("http://h:1/", "ws://h:1/transcribe-websocket", "http://h:1/v1"),
        ("https://h", "wss://h/transcribe-websocket", "https://h/v1"),
        ("wss://h/transcribe-websocket", "wss://h/transcribe-websocket", "https://h/v1"),
        ("https://h/transcribe-websocket/", "wss://h/transcribe-websocket", "https://h/v1"),
        ("https://h/v1", "wss://h/transcribe-websocket", "https://h/v1"),
        (" https://h/speech ", "wss://h/speech/transcribe-websocket", "https://h/speech/v1"),
        ("ws://[::1]:5", "ws://[::1]:5/transcribe-websocket", "http://[::1]:5/v1"),
    ],
)
@CLIENTS
def test_addresses(
    client: Any, base_url: str | None, websocket: str, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = client(api_key="k", base_url=base_url)
    assert (made.websocket_base_url, made.api_base_url) == (websocket, api)
    if base_url is not None:
        monkeypatch.setenv("OYEZ_BASE_URL", base_url)
        assert client(api_key="k").websocket_base_url == websocket


@pytest.mark.parametrize(
    "base_url",
    ["localhost:8484", "ftp://h", "ws://", "http://h:x", "ws://u:p@h", "ws://h?key=1", "ws://h#f"],
)
def test_malformed_addresses(base_url: str) -> None:
    with pytest.raises(OyezValidationError, match="address"):
        OyezClient(api_key="k", base_url=base_url)


def test_explicit_addresses_are_used_as_they_are() -> None:
    client = OyezClient(api_key="k", websocket_base_url="ws://h/x?y", api_base_url="http://a")
    assert client.websocket_base_url == "ws://h/x?y"
    assert client.api_base_url == "http://a"
    assert client.timeout_sec == 30.0


@CLIENTS
@pytest.mark.parametrize(
    ("given", "websocket", "api"),
    [
        (
            {"websocket_base_url": "wss://h/transcribe-websocket"},
            "wss://h/transcribe-websocket",
            "https://h/v1",
        ),
        ({"websocket_base_url": "ws://h:1/x?y#z"}, "ws://h:1/x?y#z", "http://h:1/x/v1"),
        ({"api_base_url": "https://h/v1"}, "wss://h/transcribe-websocket", "https://h/v1"),
        (
            {"websocket_base_url": "ws://a", "base_url": "https://b"},
            "ws://a",
            "https://b/v1",
        ),
        (
            {"api_base_url": "http://a/v1", "base_url": "https://b"},
            "wss://b/transcribe-websocket",
            "http://a/v1",
        ),
    ],
)
def test_an_address_that_is_not_given_is_made_from_the_one_that_is(
    client: Any,
    given: dict[str, str],
    websocket: str,
    api: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OYEZ_BASE_URL", "http://of-the-environment")
    made = client(api_key="k", **given)
    assert (made.websocket_base_url, made.api_base_url) == (websocket, api)


@CLIENTS
@pytest.mark.parametrize(
    ("option", "value"), [("timeout_sec", 0), ("timeout_sec", -1), ("max_retries", -1)]
)
def test_bounds_that_bound_nothing(client: Any, option: str, value: int) -> None:
    with pytest.raises(OyezValidationError, match=option):
        client(api_key="k", **{option: value})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://127.0.0.1:8484/x", True),
        ("ws://[::1]:1", True),
        ("ws://localhost", True),
        ("ws://a.localhost", True),
        ("ws://127.0.0.1.example", False),
        ("wss://example.org", False),
        ("ws://10.0.0.1", False),
    ],
)
def test_proxies_are_not_asked_for_this_machine(url: str, expected: bool) -> None:
    assert is_this_machine(url) is expected


@CLIENTS
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"config": {"modle": "x"}}, "Unknown config fields: modle"),
        ({"config": {"api_key": "x"}}, r"connect\(api_key"),
        ({"config": {"max_endpoint_delay_ms": 1}}, "max_endpoint_delay_ms"),
        ({"config": {"audio_format": "pcm_s16le"}}, "sample_rate and num_channels"),
        ({"config": 3}, "not int"),
        ({"config": {}, "connect_timeout_sec": 0}, "connect_timeout_sec must be above zero"),
        ({"config": {}, "connect_timeout_sec": float("nan")}, "connect_timeout_sec"),
    ],
)
def test_wrong_arguments_of_connect(client: Any, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(OyezValidationError, match=problem):
        client(api_key="k").realtime.stt.connect(**options)


def test_a_config_may_be_a_dict() -> None:
    session = OyezClient(api_key="k").realtime.stt.connect(
        config={"context": {"general": {"topic": "ships"}}}
    )
    assert session.config == RealtimeSTTConfig.model_validate(
        {"context": {"general": [{"key": "topic", "value": "ships"}]}}
    )
