"""`@soniox/node`, unchanged, as a backend that hands out temporary keys and looks at its usage."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from engines import speech
from oyez.server.run import ServerThread
from oyez.server.settings import Settings
from server.wire import KEY

from .browser import HERE, program
from .microphone import write_wav
from .words import assert_says

pytestmark = pytest.mark.real

NODE_TIMEOUT_S = 60.0

Told = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """What one run of the backend tells, by the names of its notes."""
    folder = tmp_path_factory.mktemp("node")
    write_wav(folder / "talk.wav", speech.sample("beckett.wav"), 16_000)
    store_url = f"sqlite:///{folder / 'oyez.db'}"
    settings = Settings(api_key=KEY, port=0, model="moonshine-tiny", store_url=store_url)
    with ServerThread(settings) as server:
        return asyncio.run(run_backend(server, folder / "talk.wav"))


async def run_backend(server: ServerThread, audio: Path) -> Told:
    environment = {
        "SONIOX_API_KEY": KEY,
        "SONIOX_API_BASE_URL": f"http://127.0.0.1:{server.port}",
        "SONIOX_WS_URL": server.websocket_url,
    }
    process = await asyncio.create_subprocess_exec(
        program("node"),
        HERE / "node" / "keys.mjs",
        audio,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(NODE_TIMEOUT_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode()
    assert err == b""
    notes = [json.loads(line) for line in out.splitlines()]
    return {note.pop("event"): note for note in notes}


def test_a_temporary_key_is_made_and_opens_a_stream(told: Told) -> None:
    key = told["key"]
    assert key["fields"] == ["api_key", "expires_at"]
    left = datetime.fromisoformat(key["expires_at"]) - datetime.now(UTC)
    assert left <= timedelta(seconds=60)
    assert_says(told["first"]["text"])


def test_a_single_use_key_is_an_auth_error_the_second_time(told: Told) -> None:
    assert told["second"]["isAuthError"]
    assert "for one stream" in told["second"]["message"]


def test_models_are_listed(told: Told) -> None:
    models = {model["id"]: model for model in told["models"]["models"]}
    assert models["stt-rt-v5"]["transcription_mode"] == "real_time"
    assert models["stt-rt-v5"]["languages"] == [{"code": "en", "name": "English"}]


def test_open_streams_are_counted(told: Told) -> None:
    before, during = told["limits"]["before"], told["limits"]["during"]
    assert before["project"]["current"] == {"transcribe_concurrent": 0, "tts_concurrent": 0}
    assert during["project"]["current"]["transcribe_concurrent"] == 1
    assert during["organization"]["limits"]["transcribe_concurrent"] > 1


def test_usage_is_logged_under_the_reference_of_the_key(told: Told) -> None:
    (log,) = told["logs"]["logs"]
    assert log["client_reference_id"] == "user-7"
    assert log["input_audio_duration_ms"] == pytest.approx(9_963, abs=100)
    total = told["summary"]["summary"]["total"]
    assert total["total_num_requests"] == 1
    assert total["total_input_audio_duration_ms"] == log["input_audio_duration_ms"]
    assert max(entry["sample_max"] for entry in told["history"]["history"]["entries"]) == 1


@pytest.mark.parametrize(
    ("name", "status", "error_type"),
    [
        ("stranger", 401, "unauthenticated"),
        ("too long", 400, "invalid_request"),
        ("backwards", 400, "invalid_request"),
    ],
)
def test_refusals_are_http_errors_with_the_body_of_the_api(
    told: Told, name: str, status: int, error_type: str
) -> None:
    refusal = told[name]
    assert (refusal["isHttpError"], refusal["statusCode"]) == (True, status)
    assert refusal["body"]["error_type"] == error_type
    assert refusal["body"]["request_id"]
    if name == "too long":
        (problem,) = refusal["body"]["validation_errors"]
        assert problem["location"] == "body.payload.client_reference_id"
        assert problem["error_type"] == "string_too_long"
