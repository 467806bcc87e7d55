"""Tokens to words, arrivals to latencies, files to clips."""

from pathlib import Path

import pytest
from bench.arguments import find_corpus, read_request

from oyez.bench.audio import silence
from oyez.bench.emission import Tally, judge_words
from oyez.bench.energy import Span
from oyez.bench.latency import Utterance, judge_finalize, judge_to_end
from oyez.bench.manifest import read_manifest
from oyez.bench.streaming import Arrival, Stream, Word, words_of
from oyez.bench.wer import is_comparable
from oyez.client.events import RealtimeEvent, Token
from oyez.errors import ManifestError


def token(text: str, start_ms: int = 0, *, final: bool = True) -> Token:
    return Token(text=text, start_ms=start_ms, end_ms=start_ms + 100, is_final=final)


def arrival(at_s: float, *tokens: Token, total_ms: int = 0) -> Arrival:
    event = RealtimeEvent(tokens=list(tokens), total_audio_proc_ms=total_ms)
    return Arrival(at_s, event)


def test_words_are_joined_from_pieces() -> None:
    tokens = [token("He", 0), token("llo,", 100), token(" world", 300), token(".", 400)]

    assert words_of(tokens) == [Word("Hello,", 0.0, 0.2), Word("world.", 0.3, 0.5)]


def test_markers_separate_words_and_are_none() -> None:
    tokens = [token("One", 0), token("<end>", 100), token("Two", 200), token("<fin>", 300)]

    assert [word.text for word in words_of(tokens)] == ["One", "Two"]


def test_words_of_nothing() -> None:
    assert words_of([]) == []


def test_latencies_of_an_utterance() -> None:
    utterance = Utterance("x", silence(4.0), [Span(0.5, 1.0), Span(1.6, 2.0)])
    stream = Stream(
        4.0,
        [
            arrival(0.9, token("On", final=False), total_ms=800),
            arrival(1.4, token("One"), token("<end>"), total_ms=1400),
            arrival(2.6, token(" two", 1700), token("<end>"), total_ms=2500),
        ],
    )
    tally = Tally()

    judge_to_end(utterance, stream, tally)

    assert tally.problems == []
    assert tally.seconds["first partial"] == pytest.approx([0.4])
    assert tally.seconds["first words"] == pytest.approx([0.4])
    assert tally.seconds["settled"] == pytest.approx([0.6])
    assert tally.seconds["endpoint"] == pytest.approx([0.6])
    assert tally.seconds["final"] == pytest.approx([0.6])
    assert tally.seconds["lag"] == pytest.approx([0.1, 0.0, 0.1])
    assert (tally.inner_endpoints, tally.inner_pauses) == (1, 1)


def test_a_missing_endpoint_is_a_problem() -> None:
    utterance = Utterance("x", silence(3.0), [Span(0.5, 1.0)])
    tally = Tally()

    judge_to_end(utterance, Stream(3.0, [arrival(0.9, token("One"))]), tally)

    assert "endpoint" not in tally.seconds
    assert len(tally.problems) == 1


def test_finalize_round_trip() -> None:
    utterance = Utterance("x", silence(3.0), [Span(0.5, 1.0)])
    stream = Stream(3.0, [arrival(1.5, token("One"), token("<fin>"))], finalize_sent_s=1.2)
    tally = Tally()

    judge_finalize(utterance, stream, tally)

    assert tally.seconds["finalize"] == pytest.approx([0.3])
    assert tally.seconds["TTFS"] == pytest.approx([0.5])


def test_words_are_shown_when_they_stand_in_the_transcript() -> None:
    stream = Stream(
        1.0,
        [
            arrival(0.2, token("A", final=False), token(" cat", 100, final=False)),
            arrival(0.4, token("The", final=False), token(" fat", 100, final=False)),
            arrival(0.9, token("The"), token(" cat.", 100)),
        ],
    )
    tally = Tally()

    judge_words(stream, tally)

    assert tally.seconds["word shown"] == pytest.approx([0.3, 0.0])
    assert tally.seconds["word final"] == pytest.approx([0.8, 0.7])
    assert tally.seconds["last word"] == pytest.approx([0.0])
    assert (tally.erased, tally.unstable, tally.words) == (3, 3, 2)


def test_words_are_timed_by_the_data_where_it_has_times() -> None:
    stream = Stream(1.0, [arrival(0.9, token("The"), token(" cat", 100))])
    tally = Tally()

    judge_words(stream, tally, source="x", known=[Word("A", 0.0, 0.2), Word("cat,", 0.3, 0.5)])

    assert tally.seconds["word final"] == pytest.approx([0.4])
    assert tally.sources["word final"] == ["x"]
    assert tally.words_timed_by_data == 1


def test_a_word_that_never_became_final_is_a_problem() -> None:
    tally = Tally()

    judge_words(
        Stream(1.0, [arrival(0.9, token("One"), token(" two", 100, final=False))]),
        tally,
        source="x",
        known=[Word("one", 0.0, 0.3), Word("two", 0.3, 0.6)],
    )

    assert tally.problems == ["x: the word 'two' never became final"]
    assert len(tally.seconds["word shown"]) == 2


def test_digit_strings_cannot_be_compared() -> None:
    assert not is_comparable("one zero zero zero one nine oh two one oh zero one eight")
    assert is_comparable("It was the best of times")


MANIFEST = """id\tfile\tcategory\tduration_s\tformat\treference\tref_quality
a\tx/a.flac\tx\t1.5\tflac\tsays "one\texact
b\tx/b.raw\tx\t1.5\traw/alaw\tone\texact
c\tx/c.flac\tx\t1.5\tflac\tone\tapprox
d\tnospeech/d.wav\tnospeech\t2.0\twav\t\texpected-empty
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder; its audio is looked for, and not read."""
    for name in ("x/a.flac", "x/c.flac", "x/m.flac", "nospeech/d.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "manifest.tsv").write_text(MANIFEST, "utf-8")
    return tmp_path


def test_corpus_takes_exact_readable_clips(folder: Path) -> None:
    corpus = find_corpus(str(folder), folder)

    assert [(clip.name, clip.text) for clip in corpus.speech(["x", "y"])] == [("a", 'says "one')]
    assert corpus.speech(["y"]) == []
    assert [clip.name for clip in corpus.no_speech()] == ["d"]
    assert corpus.speech(["x"])[0].segments() == []


def test_segments_lie_beside_the_clip(folder: Path) -> None:
    (folder / "x" / "a.segments.json").write_text('[{"start": 0, "end": 1.5, "text": "one"}]')

    (segment,) = read_manifest(folder).speech(["x"])[0].segments()

    assert (segment.start_s, segment.end_s, segment.text) == (0.0, 1.5, "one")


def test_words_lie_beside_the_clip(folder: Path) -> None:
    row = "m\tx/m.flac\tx\t1.5\tflac\tTwo. One\texact (turn order)\n"
    (folder / "manifest.tsv").write_text(MANIFEST + row, "utf-8")
    (folder / "x" / "m.words.json").write_text(
        '[{"word": "Two", "start": 0.1, "end": 0.9}, {"word": ".", "start": 0.9, "end": 0.9, '
        '"punc": true}, {"word": "One", "start": 0.2, "end": 0.4, "punc": false}]'
    )
    corpus = read_manifest(folder)

    (clip,) = corpus.timed()

    assert clip.words() == [Word("One", 0.2, 0.4), Word("Two", 0.1, 0.9)]
    assert corpus.speech(["x"])[0].words() == []


def test_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"no manifest\.tsv"):
        find_corpus(str(tmp_path), tmp_path)


@pytest.mark.parametrize("given", [None, "sample"])
def test_no_folder_means_the_sample(tmp_path: Path, given: str | None) -> None:
    corpus = find_corpus(given, tmp_path / "checkout")

    assert corpus.is_sample
    assert [clip.name for clip in corpus.speech(["any"])] == ["two-cities", "beckett"]


def test_request_of_parts() -> None:
    request = read_request(["--only", "wer,soak", "--quick", "--data", "sample"])

    assert [part.name for part in request.parts] == ["wer", "soak"]
    assert request.plan.is_quick
    assert request.plan.remote is None
    assert request.plan.models == ("moonshine", "moonshine-tiny")


def test_the_standard_run_has_what_is_published_and_a_full_one_everything() -> None:
    standard = read_request(["--data", "sample"]).parts
    full = read_request(["--full", "--data", "sample"]).parts

    assert {"wer", "latency", "sessions", "peers", "endpoints", "silence", "quiet"} == {
        part.name for part in standard
    }
    assert {part.name for part in standard} < {part.name for part in full}
    assert all(part.models in (None, 0) for part in full)


def test_request_of_another_server() -> None:
    plan = read_request(["--url", "wss://x/y", "--api-key", "k", "--data", "sample"]).plan

    assert plan.target.url == "wss://x/y"
    assert plan.recognizer is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "speed"], "speed"),
        (["--quick", "--full"], "not both"),
        (["--url", "wss://x"], "--api-key"),
        (["--url", "wss://x", "--api-key", "k", "--model", "a,b"], "one model at a time"),
        (["--data", "no-such-folder"], "no-such-folder"),
    ],
)
def test_wrong_requests_end_the_program(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.delenv("OYEZ_API_KEY", raising=False)
    with pytest.raises(SystemExit):
        read_request(["--data", "sample", *arguments])
    assert said in capsys.readouterr().err
