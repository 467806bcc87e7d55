"""The log says what happened to which stream; no key, no word and no audio is in it."""

import logging

import pytest

from oyez.observe.logs import LOGGER_NAME
from oyez.server.run import ServerThread

from .wire import END, FOX, KEY, converse, fox_audio, start, text

SECRETS = (KEY, "other-key", "Godot", "customer-7", "RIFF")


async def test_the_log(scripted_server: ServerThread, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger(LOGGER_NAME)
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, LOGGER_NAME)
    logger.addHandler(caplog.handler)  # it may not propagate
    url = scripted_server.websocket_url
    try:
        opening = start(
            api_key=KEY,
            context={"text": "Waiting for Godot", "terms": ["Godot"]},
            client_reference_id="customer-7",
            enable_speaker_diarization=True,
        )
        messages = await converse(url, [opening, fox_audio(4_000), END])
        assert text(messages) == FOX
        refused = [
            *await converse(url, [start()], key="other-key"),
            *await converse(url, [start(api_key="other-key")], key=None),
            *await converse(url, [start(audio_format="wav"), b"RIFF" + fox_audio(1_000)]),
            *await converse(url, [start(model="Godot")]),
        ]
    finally:
        logger.removeHandler(caplog.handler)

    lines = [record.getMessage() for record in caplog.records]
    whole = caplog.text
    for secret in (*SECRETS, "quick", "brown", "jumps", "lazy"):
        assert secret not in whole, secret
    assert max(map(len, lines)) < 300, "no data"
    assert any(line.startswith("stream_started") for line in lines)
    assert any("reason=finished" in line and "tokens=9" in line for line in lines)
    for frame in refused:
        (line,) = {line for line in lines if frame["request_id"] in line and "ended" in line}
        assert f"reason={frame['error_type']}" in line
