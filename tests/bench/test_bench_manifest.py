"""Lists of recordings: both forms, and what is said when a line is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from oyez.bench.corpus import Corpus
from oyez.bench.manifest import read_manifest
from oyez.errors import ManifestError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, seconds in (("a.wav", 1.5), ("sub/b.flac", 2.0)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        ramp = np.linspace(0.0, 0.5, round(8_000 * seconds), dtype=np.float32)
        soundfile.write(tmp_path / name, ramp, 8_000)
    return tmp_path


def write_jsonl(folder: Path, *items: object, name: str = "manifest.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(json.dumps(item) for item in items) + "\n", "utf-8")
    return path


def problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    return list(caught.value.problems)


def texts(corpus: Corpus) -> dict[str, str]:
    return {clip.name: clip.text for clip in corpus.speech([])}


def test_the_form_of_nemo_is_read(folder: Path) -> None:
    path = write_jsonl(
        folder,
        {"audio_filepath": "a.wav", "text": "one", "duration": 1.5},
        {"audio_filepath": str(folder / "sub/b.flac"), "text": "two"},
    )
    corpus = read_manifest(path)

    assert [(clip.seconds, clip.text) for clip in corpus.clips] == [(1.5, "one"), (2.0, "two")]
    assert not corpus.is_sample
    assert "2 recordings" in corpus.title


def test_a_stretch_of_a_recording_is_read_from_its_offset(folder: Path) -> None:
    path = write_jsonl(
        folder,
        {"audio_filepath": "a.wav", "text": "one", "offset": 0.5, "duration": 0.25},
        {"audio_filepath": "a.wav", "text": "two", "offset": 1.0},
    )
    first, second = read_manifest(path).clips

    assert first.read().seconds == pytest.approx(0.25)
    assert second.read().seconds == pytest.approx(0.5)
    assert first.read().samples[0] == pytest.approx(0.5 / 3, abs=1e-3)


def test_tab_separated_columns_are_read(folder: Path) -> None:
    path = folder / "manifest.tsv"
    path.write_text('\ufefffile\treference\na.wav\tsays "one\nsub/b.flac\ttwo\n', "utf-8")

    assert texts(read_manifest(folder)) == {"a.wav": 'says "one', "sub/b.flac": "two"}


def test_what_cannot_be_compared_is_left_out(folder: Path) -> None:
    head = "id\tfile\treference\tlanguage\tref_quality\tformat\n"
    rows = "a\ta.wav\tone\ten\texact\twav\nb\tmissing.wav\teins\tde\texact\twav\n"
    more = "c\tsub/b.flac\ttwo\ten\tapprox\tflac\nd\tmissing.al\tone\ten\texact\traw/alaw\n"
    (folder / "manifest.tsv").write_text(head + rows + more, "utf-8")

    assert texts(read_manifest(folder)) == {"a": "one"}


def test_every_wrong_line_is_named_with_what_to_do(folder: Path) -> None:
    (folder / "notes.txt").write_text("# Hello")
    path = folder / "manifest.jsonl"
    path.write_text(
        '{"audio_filepath": "a.wav", "text": "one"}\n'
        "not json\n\n"
        "[1]\n"
        '{"audio_filepath": "a.wav"}\n'
        '{"audio_filepath": "gone.wav", "text": "x"}\n'
        '{"audio_filepath": "notes.txt", "text": "x"}\n'
        '{"audio_filepath": "a.wav", "text": "x"}\n'
        '{"audio_filepath": "sub/b.flac", "text": "x", "duration": "long"}\n'
        '{"audio_filepath": "sub/b.flac", "text": "x", "offset": 7}\n'
        '{"audio_filepath": "sub/b.flac", "text": "x", "offset": -1, "duration": 1}\n'
    )
    found = dict(problems(path))

    assert list(found) == [2, 4, 5, 6, 7, 8, 9, 10, 11]
    for line, said in {
        2: "not JSON",
        4: "not a JSON object",
        5: "text is missing",
        6: "gone.wav",
        7: "ffmpeg -i notes.txt",
        8: "listed before",
        9: "'long'",
        10: "no audio there",
        11: "must not be negative",
    }.items():
        assert said in found[line], line
    said = str(ManifestError(path, list(found.items())))
    assert f"{path}, line 2: " in said
    assert "and 4 more" in said


def test_a_missing_column_is_named(folder: Path) -> None:
    path = folder / "manifest.tsv"
    path.write_text("file\ttext\na.wav\tone\n")
    ((line, said),) = problems(path)
    assert line == 1
    assert "reference is not among them" in said

    path.write_text("file\treference\na.wav\n")
    assert problems(path)[0][0] == 2


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "no recording"), (b"\xff\xfe\x00", "UTF-8"), (b"\n\n", "no record")]
)
def test_a_list_of_nothing_is_refused(folder: Path, content: bytes, said: str) -> None:
    path = folder / "list.jsonl"
    path.write_bytes(content)
    ((line, problem),) = problems(path)
    assert line == 0
    assert said in problem


def test_a_place_without_a_list_is_refused(folder: Path) -> None:
    assert "no manifest.tsv" in problems(folder)[0][1]
    assert "no such file" in problems(folder / "gone.tsv")[0][1]
