import wave
from pathlib import Path

import pytest

from oyez.cli import sample
from oyez.cli.problems import Problem

from .conftest import SENTENCE, Run


def test_the_sample_is_transcribed_and_measured(run: Run, recording: Path) -> None:
    result = run("demo", recording, "--model", "scripted", "--seconds", "3.5")
    assert result.exit_code == 0, result.output
    assert "scripted hears 4 s of fox.wav." in result.output
    assert f"0:00  {SENTENCE}\n" in result.output
    for word in SENTENCE.split():
        assert result.output.count(word) >= 2, word
    for line in ("First word", "Words final", "CPU", "Loading"):
        assert line in result.output


def test_a_demo_without_words_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(4 * 22_050))
    result = run("demo", path, "--model", "scripted")
    assert result.exit_code == 0
    assert "No speech was heard." in result.output


@pytest.mark.parametrize("name", ["missing.wav", "notes.md"])
def test_only_wav_files_can_be_shown(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.md").write_text("# Hello")
    result = run("demo", tmp_path / name, "--model", "scripted")
    assert result.exit_code == 1
    assert name in result.stderr


def test_without_the_sample_it_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "PACKAGE", "no_such_package")
    result = run("demo")
    assert result.exit_code == 1
    assert "pip install 'oyez[server]'" in result.stderr


def test_the_beginning_of_a_recording(recording: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.wav"
    cut.write_bytes(sample.beginning(recording, 1.5))
    with wave.open(str(cut)) as file:
        assert file.getnframes() == 24_000
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    with pytest.raises(Problem, match="--seconds"):
        sample.beginning(broken, 1.0)


@pytest.mark.real
def test_a_real_demo(run: Run) -> None:
    result = run("demo", "--seconds", "3")
    assert result.exit_code == 0, result.output
    assert "It was the best of times" in result.output
