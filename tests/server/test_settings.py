"""Settings: what a server does when nothing is said."""

import dataclasses

import pytest

from oyez.server.settings import Settings


def test_what_a_server_does_by_default() -> None:
    settings = Settings(api_key="k")
    assert settings.host == "127.0.0.1", "nobody else can reach it"
    assert settings.port == 8484
    assert settings.model == "moonshine"
    assert settings.max_sessions == 100
    assert settings.max_message_bytes >= 10 * 1024 * 1024, "clients send files in one message"
    assert settings.limits.idle_timeout_s == 20
    assert settings.limits.max_duration_s == 5 * 3600
    assert settings.limits.start_timeout_s >= 30, "a known client fetches its key meanwhile"


def test_the_key_is_not_shown() -> None:
    assert "very-secret" not in repr(Settings(api_key="very-secret"))
    assert "very-secret" not in str(Settings(api_key="very-secret"))


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings(api_key="k").port = 1  # type: ignore[misc]


def test_a_key_is_required() -> None:
    with pytest.raises(TypeError, match="api_key"):
        Settings()  # type: ignore[call-arg]
