import json
from pathlib import Path

import pytest

from .conftest import KEY, SENTENCE, Run, write_wav

SCRIPTED = ("--model", "scripted")


def test_it_starts_a_server_and_prints_the_text(run: Run, recording: Path) -> None:
    result = run("transcribe", recording, *SCRIPTED)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{SENTENCE}\n", "")


def test_it_uses_a_running_server(run: Run, recording: Path, server_url: str) -> None:
    result = run("transcribe", recording, "--url", server_url, OYEZ_API_KEY=KEY)
    assert (result.exit_code, result.stdout) == (0, f"{SENTENCE}\n")
    result = run("transcribe", recording, "--api-key", KEY, OYEZ_BASE_URL=server_url)
    assert (result.exit_code, result.stdout) == (0, f"{SENTENCE}\n")


def test_captions(run: Run, recording: Path, server_url: str) -> None:
    to_server = ("--url", server_url, "--api-key", KEY)
    srt = run("transcribe", recording, "--format", "srt", *to_server).stdout
    assert srt.startswith("1\n00:00:00,")
    assert " ".join(srt.split("\n")[2:]).strip() == SENTENCE
    vtt = run("transcribe", recording, "--format", "vtt", *to_server).stdout
    assert vtt.startswith("WEBVTT\n\n00:00:00.")


def test_json_has_text_words_and_tokens(run: Run, recording: Path, server_url: str) -> None:
    result = run("transcribe", recording, "--format", "json", "--url", server_url, "--api-key", KEY)
    whole = json.loads(result.stdout)
    assert (whole["file"], whole["text"]) == ("fox.wav", SENTENCE)
    assert whole["audio_ms"] == 4_000
    assert [word["text"] for word in whole["words"]] == SENTENCE.split()
    assert whole["tokens"][-1]["text"] == "<end>"


def test_files_are_written_into_a_folder(run: Run, recording: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    result = run("transcribe", recording, "--output", folder, "--format", "vtt", *SCRIPTED)
    assert (result.exit_code, result.stdout) == (0, "")
    assert (folder / "fox.vtt").read_text().startswith("WEBVTT")
    assert str(folder / "fox.vtt") in result.stderr


def test_several_files_come_in_order(
    run: Run, recording: Path, tmp_path: Path, server_url: str
) -> None:
    second = tmp_path / "again.wav"
    second.write_bytes(recording.read_bytes())
    to_server = ("--url", server_url, "--api-key", KEY)
    result = run("transcribe", recording, second, *to_server)
    assert result.stdout == f"==> {recording} <==\n{SENTENCE}\n\n==> {second} <==\n{SENTENCE}\n\n"
    lines = run("transcribe", recording, second, "--format", "json", *to_server).stdout.splitlines()
    assert [json.loads(line)["file"] for line in lines] == ["fox.wav", "again.wav"]


def test_captions_of_several_files_need_a_folder(run: Run, recording: Path) -> None:
    result = run("transcribe", recording, recording, "--format", "srt")
    assert result.exit_code == 2
    assert "--output" in result.stderr


def test_no_two_files_share_an_output(run: Run, recording: Path, tmp_path: Path) -> None:
    result = run("transcribe", recording, recording, "--output", tmp_path)
    assert result.exit_code == 2
    assert "fox.txt" in result.stderr


def test_bad_files_are_named_and_the_others_go_on(
    run: Run, recording: Path, tmp_path: Path, server_url: str
) -> None:
    missing, empty, text = (tmp_path / name for name in ("missing.wav", "empty.wav", "text.md"))
    empty.touch()
    text.write_text("# Hello\n" * 100)
    headers_only = tmp_path / "no-samples.wav"
    write_wav(headers_only, b"")
    files = (missing, empty, tmp_path, text, headers_only, recording)
    result = run("transcribe", *files, "--url", server_url, "--api-key", KEY)
    assert result.exit_code == 1
    assert SENTENCE in result.stdout
    lines = result.stderr.splitlines()
    for path, reason in (
        (missing, "no such file"),
        (empty, "is empty"),
        (tmp_path, "folder"),
        (text, "format"),
        (headers_only, "No audio"),
    ):
        assert any(str(path) in line and reason in line for line in lines), (path, lines)
    assert "Traceback" not in result.stderr


def test_silence_is_no_failure(run: Run, tmp_path: Path, server_url: str) -> None:
    silence = tmp_path / "silence.wav"
    write_wav(silence, bytes(32_000))
    result = run("transcribe", silence, "--url", server_url, "--api-key", KEY)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no speech" in result.stderr


def test_the_pace_of_speech_needs_a_wav(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(b"ID3" + bytes(100))
    result = run("transcribe", path, "--pace", "realtime", *SCRIPTED)
    assert result.exit_code == 1
    assert "ffmpeg" in result.stderr


def test_the_pace_of_speech_takes_its_time(run: Run, tmp_path: Path, server_url: str) -> None:
    import time

    path = tmp_path / "short.wav"
    write_wav(path, bytes(16_000))
    began_s = time.monotonic()
    run("transcribe", path, "--pace", "realtime", "--url", server_url, "--api-key", KEY)
    assert time.monotonic() - began_s >= 0.4


@pytest.mark.parametrize(
    ("arguments", "message", "exit_code"),
    [
        (("--model", "nope"), "Installed: ", 2),
        (("--model", "scripted", "--language", "de"), "it knows en", 2),
        (("--url", "ws://127.0.0.1:1"), "API key is missing", 2),
        (("--url", "nonsense", "--api-key", "k"), "Malformed server address", 2),
        (("--url", "ws://127.0.0.1:1", "--api-key", "k"), "oyez serve", 1),
    ],
)
def test_what_would_fail_with_any_file_is_said_once(
    run: Run, recording: Path, arguments: tuple[str, ...], message: str, exit_code: int
) -> None:
    result = run("transcribe", recording, recording, *arguments)
    assert result.exit_code == exit_code
    assert result.stderr.count("Error: ") == 1
    assert message in result.stderr


def test_a_wrong_key_is_said_once(run: Run, recording: Path, server_url: str) -> None:
    result = run("transcribe", recording, recording, "--url", server_url, "--api-key", "wrong")
    assert (result.exit_code, result.stderr.count("Error: ")) == (1, 1)
    assert "OYEZ_API_KEY" in result.stderr


@pytest.mark.real
def test_real_captions(run: Run) -> None:
    from oyez.cli.sample import sample_path

    speech = sample_path().with_name("beckett.wav")
    result = run("transcribe", speech, "--format", "srt")
    assert result.exit_code == 0
    assert result.stdout.startswith("1\n00:00:00,")
    assert "Ever failed." in result.stdout


def test_a_running_server_needs_no_server_parts(recording: Path, server_url: str) -> None:
    from .test_main import LIGHT, python

    result = python(LIGHT, "transcribe", recording, "--url", server_url, "--api-key", KEY)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{SENTENCE}\n", "")
