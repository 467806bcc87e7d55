import json
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from oyez.bench import corpus
from oyez.cli import bench

from .conftest import KEY, SENTENCE, Run


@pytest.fixture
def manifest(recording: Path, tmp_path: Path) -> Path:
    """A list of one recording, whose words the scripted engine hears."""
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"audio_filepath": str(recording), "text": SENTENCE}) + "\n")
    return path


def test_recordings_of_ones_own_are_measured_at_any_server_and_compared(
    run: Run, manifest: Path, server_url: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    remote = ("--url", server_url, "--api-key", KEY)
    result = run("bench", manifest, *remote, "--only", "wer,latency", "--quick", "--json", first)

    assert result.exit_code == 0, result.output
    assert "0.00 %" in result.output
    assert "somebody else's" in result.output
    assert "read at once" not in result.output
    assert f"Numbers: {first}. Plot: {first.with_suffix('.svg')}." in result.output
    found = json.loads(first.read_text())
    (figures,) = found["summary"]["systems"].values()
    assert figures["wer_streamed"]["value"] == 0.0
    assert figures["finalize"]["count"] == 1
    assert "rss_mb" not in figures
    assert found["failures"] == {}
    assert KEY not in first.read_text()

    own = ("--model", "scripted", "--only", "wer", "--json", second, "--compare", first)
    result = run("bench", manifest, *own, "--details")
    assert result.exit_code == 0, result.output
    assert "Side by side" in result.output
    assert "plain off/str" in result.output
    (figures,) = json.loads(second.read_text())["summary"]["systems"].values()
    assert {"wer_offline", "streaming_penalty", "rss_mb", "cpu_per_audio_s"} <= set(figures)
    svg = ET.fromstring(second.with_suffix(".svg").read_text())
    texts = [node.text or "" for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "scripted" in texts
    assert any(text.startswith("first: ") for text in texts)


@pytest.mark.real
@pytest.mark.timeout(400)
def test_the_sample_is_measured_without_any_data(run: Run) -> None:
    result = run("bench", "--model", "moonshine-tiny", "--only", "wer", "--json", "-")

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert "two readers" in found["about"]["speech"]
    assert "two readers" in result.stderr
    figures = found["summary"]["systems"]["moonshine-tiny"]
    assert figures["wer_streamed"]["count"] > 120
    assert figures["wer_streamed"]["value"] < 15.0
    assert figures["wer_offline"]["value"] < 15.0
    assert figures["rss_mb"]["value"] > 50.0


def test_wrong_lines_of_a_manifest_are_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"audio_filepath": "gone.wav", "text": "x"}\n')
    result = run("bench", path)

    assert result.exit_code == 1
    assert f"{path}, line 1: there is no file {tmp_path / 'gone.wav'}" in result.stderr


def test_a_part_that_fails_ends_with_its_reason_and_the_others_results(
    run: Run, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_plan: object) -> None:
        raise RuntimeError("no socket left")

    monkeypatch.setattr("oyez.bench.latency.measure", fail)
    path = tmp_path / "found.json"
    arguments = ("--model", "scripted", "--only", "wer,latency", "--json", path)
    result = run("bench", manifest, *arguments)

    assert result.exit_code == 1
    assert "latency could not be measured: RuntimeError: no socket left" in result.stderr
    found = json.loads(path.read_text())
    assert set(found["parts"]) == {"wer"}
    assert set(found["failures"]) == {"latency"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--only", "wer,speed"), 2, "speed is no part"),
        (("--model", "no-such-model"), 2, "no-such-model"),
        (("--url", "ws://127.0.0.1:9", "--api-key", "k"), 1, "127.0.0.1:9"),
        (("--url", "ws://127.0.0.1:9", "--api-key", "k", "--model", "a,b"), 2, "--compare"),
        (("--compare", "gone.json"), 1, "gone.json"),
        (("no-such-folder",), 1, "no-such-folder"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(
    run: Run, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = run("bench", *arguments)

    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_a_wrong_key_is_told_before_anything_is_measured(run: Run, server_url: str) -> None:
    result = run("bench", "--url", server_url, "--api-key", "wrong")

    assert result.exit_code == 1
    assert "wer" not in result.output


def test_other_files_are_no_earlier_results(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text("[1]")
    result = run("bench", "--compare", path)

    assert result.exit_code == 1
    assert "no numbers of `oyez bench`" in result.stderr


def test_missing_packages_are_named_with_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = ("jiwer", "whisper_normalizer")
    monkeypatch.setattr(bench, "find_spec", lambda name: None if name in gone else find_spec(name))
    result = run("bench")

    assert result.exit_code == 1
    assert "jiwer, whisper-normalizer" in result.stderr
    assert "pip install 'oyez[server,bench]'" in result.stderr


def test_without_the_sample_it_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "SAMPLE_PACKAGE", "no_such_package")
    result = run("bench")

    assert result.exit_code == 1
    assert "pip install 'oyez[server,bench]'" in result.stderr
