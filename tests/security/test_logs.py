"""What a server keeps of what it is told: nothing in its log, and no secret in its database."""

import asyncio
import base64
import json
import logging
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from engines import speech
from oyez.store.opening import open_store
from server.wire import END, converse, start, text

OWN = "own-key-0123456789abcdef"
WRONG = "wrong-key-0123456789abcdef"
REFERENCE = "customer-4711"
CONTEXT = "Waiting for Godot"


@pytest.mark.real
async def test_a_real_session_leaves_no_secret_behind(tmp_path: Path) -> None:
    """The server as people run it, with its whole log: streams, requests, refusals, failures."""
    database = tmp_path / "oyez.db"
    url = f"sqlite:///{database}"
    store = open_store(url)
    stored = store.create_key("for-tests", now_ms=1).secret
    store.close()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "oyez", "serve", "--port", "0"),
            *("--model", "moonshine-tiny", "--log-level", "debug"),
        ],
        env={
            **os.environ,
            "OYEZ_API_KEY": OWN,
            "OYEZ_DATABASE_URL": url,
            "OYEZ_PAGE_PASSPHRASE": "passphrase-of-the-page",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    said = b""
    while b"Ctrl-C" not in said:
        line = await asyncio.to_thread(process.stdout.readline)
        assert line, "it did not start"
        said += line
    address = said.decode().partition("OYEZ_BASE_URL=ws://")[2].split()[0]
    audio = (speech.sample("beckett.wav") * 32_767).astype("<i2").tobytes()
    try:
        with httpx.Client(base_url=f"http://{address}", trust_env=False) as api:
            made = api.post(
                "/v1/auth/temporary-api-key",
                json={
                    "usage_type": "transcribe_websocket",
                    "expires_in_seconds": 60,
                    "client_reference_id": REFERENCE,
                },
                headers={"Authorization": f"Bearer {stored}"},
            )
            temporary: str = made.json()["api_key"]
            for path in ("/v1/models", f"/v1/{WRONG}", f"/v1/models?api_key={WRONG}"):
                api.get(path, headers={"Authorization": f"Bearer {WRONG}"})
            api.post("/page/login", data={"passphrase": "passphrase-of-the-thief"})
        opening = start(client_reference_id=REFERENCE, context={"text": CONTEXT})
        words = text(await converse(f"ws://{address}/", [opening, audio, END], key=OWN))
        for key in (stored, temporary):
            await converse(f"ws://{address}/", [opening, audio[:64_000], END], key=key)
        refused: list[list[str | bytes]] = [
            [start(api_key=WRONG)],
            [start(model=WRONG)],
            [start(audio_format="webm"), audio, END],
            [json.dumps({"type": WRONG})],
        ]
        for frames in refused:
            await converse(f"ws://{address}/", frames, key=None)
            await converse(f"ws://{address}/", frames, key=OWN)
    finally:
        process.terminate()
        out, log = await asyncio.to_thread(process.communicate, timeout=30)
    written = said + out + log
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert log.count(b"stream_started") >= 3
    assert log.count(b" request ") >= 3
    parts = words.lower().split()
    heard = {" ".join(pair) for pair in pairwise(parts)}
    assert len(heard) > 5
    secrets = [OWN, WRONG, stored, temporary, CONTEXT, "passphrase"]
    middle = audio[60_000:60_030]
    for name, content in (("log", written), ("database", kept)):
        for secret in secrets:
            assert secret.encode() not in content, (name, secret)
        for pair in heard:
            assert pair.encode() not in content.lower(), (name, pair)
        for form in (
            middle,
            middle.hex().encode(),
            base64.b64encode(middle),
            repr(middle).encode(),
        ):
            assert form not in content, name
    assert REFERENCE.encode() not in written
    assert max(map(len, written.splitlines())) < 400, "no data"


async def test_a_log_line_cannot_be_forged(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is logged stands on its own line."""
    from oyez.observe.logs import EventLog

    log = EventLog(logging.getLogger("oyez.test"))
    caplog.set_level(logging.INFO, "oyez.test")
    for value in ("a\nb", "a\r\nstream_ended request=x", "\x1b[2J", "a\u2028b", "\0"):
        log.info("event", value=value)
    for record in caplog.records:
        line = record.getMessage()
        assert line.isprintable(), line
