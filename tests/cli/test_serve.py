import contextlib
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from oyez import OyezClient, OyezUnavailableError, RealtimeSTTConfig
from oyez.cli.serve import is_loopback

from .conftest import SENTENCE, Run

SCRIPTED = ("--model", "scripted")
STOP_S = 60.0
"""Enough for any machine, however busy."""


@contextlib.contextmanager
def serving(*arguments: str, **environment: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run `oyez serve` on a free port; yield the process and what it said when it was ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "oyez", "serve", "--port", "0", *SCRIPTED, *arguments],
        env={**os.environ, "OYEZ_DATABASE_URL": "sqlite://", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.startswith("Ctrl-C"):
            break
    else:
        pytest.fail(f"the server ended before it was ready: {process.communicate()[1]}")
    try:
        yield process, said
    finally:
        process.kill()
        process.communicate()


def value_after(said: str, start: str) -> str:
    return said.partition(start)[2].split(maxsplit=1)[0]


def test_it_makes_a_key_says_how_to_use_it_and_stops_on_ctrl_c(run: Run, recording: Path) -> None:
    with serving() as (process, said):
        key = value_after(said, "export OYEZ_API_KEY=")
        url = value_after(said, "export OYEZ_BASE_URL=")
        with urllib.request.urlopen(value_after(said, "curl ")) as answer:
            assert answer.status == 200
        result = run("transcribe", recording, "--url", url, "--api-key", key)
        assert result.stdout == f"{SENTENCE}\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert process.stdout.read() == ""
        _, log = process.communicate(timeout=STOP_S)
        assert process.returncode == 0
        assert "ready model=scripted" in log
        assert "Traceback" not in log
        assert key not in log
        assert "Warning" not in log


def test_a_given_key_is_not_shown_and_sigterm_stops_it() -> None:
    with serving("--log-level", "warning", OYEZ_API_KEY="given-key") as (process, said):
        assert "given-key" not in said
        assert "OYEZ_API_KEY" in said
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=STOP_S)
        assert (process.returncode, log) == (0, "")


def test_it_stops_although_a_stream_is_open() -> None:
    with serving() as (process, said):
        client = OyezClient(
            api_key=value_after(said, "OYEZ_API_KEY="), base_url=value_after(said, "OYEZ_BASE_URL=")
        )
        config = RealtimeSTTConfig(audio_format="pcm_s16le", sample_rate=16_000, num_channels=1)
        with client.realtime.stt.connect(config=config) as session:
            session.send_bytes(bytes(64_000), finish=False)
            assert session.receive_event() is not None
            process.send_signal(signal.SIGINT)
            with pytest.raises(OyezUnavailableError, match="shutting down"):
                list(session.receive_events())
        _, log = process.communicate(timeout=STOP_S)
        assert process.returncode == 0
        assert "Traceback" not in log


def test_an_address_for_others_is_warned_about() -> None:
    with serving("--host", "0.0.0.0") as (process, said):
        assert "ws://127.0.0.1:" in said
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=STOP_S)
        assert "TLS" in log


def test_the_printed_python_works(recording: Path) -> None:
    with serving() as (_process, said):
        program = said.split("Use it in Python:\n")[1].split("\n\nCtrl-C")[0]
        lines = [line.removeprefix("  ") for line in program.splitlines()]
        environment = {
            "OYEZ_API_KEY": value_after(said, "export OYEZ_API_KEY="),
            "OYEZ_BASE_URL": value_after(said, "export OYEZ_BASE_URL="),
        }
        code = "\n".join(lines).replace("FILE.wav", str(recording))
        output = subprocess.check_output(
            [sys.executable, "-c", code], text=True, env={**os.environ, **environment}
        )
        assert output == SENTENCE


def test_a_port_in_use(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = run("serve", "--port", port, *SCRIPTED)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "is in use" in result.stderr
    assert f"--port {port + 1}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message", "exit_code"),
    [
        (("--model", "nope"), "Installed: ", 2),
        (("--host", "203.0.113.1", *SCRIPTED), "Cannot listen at 203.0.113.1:8484", 1),
        (("--host", "no such host", *SCRIPTED), "Cannot listen at", 1),
        (("--port", "70000"), "--port", 2),
        (("--workers", "-1"), "--workers", 2),
    ],
)
def test_what_cannot_be_served(
    run: Run, arguments: tuple[str, ...], message: str, exit_code: int
) -> None:
    result = run("serve", *arguments)
    assert result.exit_code == exit_code
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_key_that_no_header_can_carry(run: Run) -> None:
    result = run("serve", *SCRIPTED, OYEZ_API_KEY="schlüssel")
    assert result.exit_code == 2
    assert "no header can carry" in result.stderr


def test_missing_weights_are_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from oyez.errors import ModelNotInstalledError

    def locate(_assets: object) -> None:
        raise ModelNotInstalledError("moonshine-tiny", "Run: pip install it.")

    monkeypatch.setattr("oyez.engines.moonshine.locate", locate)
    result = run("serve", "--port", 0)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: The weights of moonshine-tiny are not installed. Run: pip" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.0.2", False),
        ("example.com", False),
    ],
)
def test_which_addresses_are_local(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


def test_a_certificate_makes_it_speak_tls() -> None:
    folder = Path(__file__).parents[1] / "security"
    options = (
        "--tls-cert",
        str(folder / "loopback.pem"),
        "--tls-key",
        str(folder / "loopback.key"),
    )
    with serving("--host", "0.0.0.0", *options) as (process, said):
        assert "OYEZ_BASE_URL=wss://127.0.0.1:" in said
        assert "curl https://127.0.0.1:" in said
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=STOP_S)
    assert "Warning" not in log


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--allow-origin", "captions.example"), "is no origin"),
        (("--allow-origin", "https://a.example/page"), "more than an origin"),
        (("--tls-cert", "nonesuch.pem"), "No such file"),
        (("--tls-key", "nonesuch.key"), "--tls-cert"),
        (("--max-requests-per-minute", "0"), "x>=1"),
        (("--database", "mysql://x/y"), "mysql"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    run: Run, arguments: tuple[str, ...], says: str
) -> None:
    result = run("serve", "--port", "0", *SCRIPTED, *arguments)
    assert result.exit_code != 0
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_limits_origins_and_keys_of_the_command_line_hold(tmp_path: Path) -> None:
    import httpx

    url = f"sqlite:///{tmp_path / 'oyez.db'}"
    environment = {**os.environ, "OYEZ_DATABASE_URL": url}
    made = subprocess.check_output(
        [sys.executable, "-m", "oyez", "keys", "create", "k"], text=True, env=environment
    ).strip()
    options = ("--project-max-sessions", "3", "--allow-origin", "https://captions.example/")
    with serving(*options, OYEZ_DATABASE_URL=url) as (_process, said):
        address = value_after(said, "export OYEZ_BASE_URL=").replace("ws://", "http://")
        answer = httpx.get(
            f"{address}/v1/concurrency-limits",
            headers={"Authorization": f"Bearer {made}", "Origin": "https://captions.example"},
            trust_env=False,
        )
    assert answer.json()["project"]["limits"]["transcribe_concurrent"] == 3
    assert answer.headers["access-control-allow-origin"] == "https://captions.example"
