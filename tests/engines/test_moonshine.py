"""The real models on the real speech that comes in their wheel."""

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engines.speech import BECKETT, TWO_CITIES, word_error_rate, words
from oyez.engines.base import Recognizer, Samples, StreamOptions, Window
from oyez.engines.moonshine import load_tiny
from oyez.engines.moonshine.decode import Decoded, decode, token_cap
from oyez.engines.moonshine.graph import Graph
from oyez.errors import EngineClosedError, EngineError
from oyez.transcript.hypothesis import Excerpt, Hypothesis

pytestmark = pytest.mark.real

RATE = 16_000


def read(model: Recognizer, samples: Samples, draft: Hypothesis | None = None) -> Hypothesis:
    stream = model.open_stream(StreamOptions())
    drafts = () if draft is None else (Excerpt(draft),)
    [hypothesis] = model.recognize([Window(stream, samples, 0, drafts, is_last=True)])
    stream.close()
    return hypothesis


def test_tiny_reads_speech(tiny: Recognizer, beckett: Samples, two_cities: Samples) -> None:
    assert tiny.name == "moonshine-tiny"
    assert tiny.sample_rate_hz == RATE
    heard = read(tiny, beckett)
    assert word_error_rate(BECKETT, heard.text) <= 0.1
    assert heard.audio_ms == beckett.size // 16
    assert heard.language == "en"
    assert word_error_rate(TWO_CITIES, read(tiny, two_cities[: 8 * RATE]).text) <= 0.1


def test_tokens_keep_their_promises(tiny: Recognizer, beckett: Samples) -> None:
    heard = read(tiny, beckett)
    edges = [edge for token in heard.tokens for edge in (token.start_ms, token.end_ms)]
    assert edges == sorted(edges)
    assert edges[0] >= 0
    assert edges[-1] <= heard.audio_ms
    assert all(token.logprob <= 0 for token in heard.tokens)
    assert all(token.text.strip() for token in heard.tokens)
    assert heard.tokens[0].text.startswith(" ")
    assert heard.mean_logprob > tiny.capabilities.min_mean_logprob


def test_a_window_is_read_the_same_every_time(tiny: Recognizer, beckett: Samples) -> None:
    samples = beckett[: 4 * RATE]
    assert read(tiny, samples) == read(tiny, samples.astype(np.float64).astype(np.float32))


def test_what_was_read_in_a_hurry_saves_work_and_changes_nothing(
    tiny: Recognizer, beckett: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny, "_doubt_logprob", 0.0)
    samples = beckett[: 4 * RATE]
    stream = tiny.open_stream(StreamOptions())
    window = Window(stream, samples, 0, is_last=True)
    [plain] = tiny.recognize([window])
    [hurried] = tiny.recognize([replace(window, is_hurried=True)])
    assert not plain.is_hurried
    assert hurried.is_hurried
    [patient] = tiny.recognize([replace(window, hurried=hurried)])
    assert patient == plain


def test_several_windows_in_one_call(tiny: Recognizer, beckett: Samples) -> None:
    stream = tiny.open_stream(StreamOptions())
    parts = [beckett[: 2 * RATE], beckett[: 3 * RATE]]
    together = tiny.recognize([Window(stream, part, 0, is_last=True) for part in parts])
    assert together == [read(tiny, part) for part in parts]
    assert tiny.recognize([]) == []


def test_a_growing_window_is_read_with_drafts(tiny: Recognizer, beckett: Samples) -> None:
    draft: Hypothesis | None = None
    for end in range(RATE, beckett.size, RATE // 2):
        draft = read(tiny, beckett[:end], draft)
        assert len(words(draft.text)) <= token_cap(end / RATE)
    assert word_error_rate(BECKETT, read(tiny, beckett, draft).text) <= 0.1


def test_a_draft_saves_passes(tiny_graph: Graph, two_cities: Samples) -> None:
    before = tiny_graph.encode(two_cities[: 7 * RATE])
    vectors = tiny_graph.encode(two_cities[: 8 * RATE])
    draft = decode(tiny_graph, before, token_cap(7.0)).ids
    plain = decode(tiny_graph, vectors, token_cap(8.0))
    drafted = decode(tiny_graph, vectors, token_cap(8.0), draft)
    assert drafted.passes * 3 < plain.passes
    changed = sum(a != b for a, b in zip(plain.ids, drafted.ids, strict=False))
    assert changed <= 2
    assert abs(len(plain.ids) - len(drafted.ids)) <= 2


def test_a_window_that_begins_with_an_earlier_one_starts_from_both_readings(
    tiny: Recognizer, two_cities: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []

    def counted(*args: Any, **kwargs: Any) -> Decoded:
        decoded = decode(*args, **kwargs)
        passes.append(decoded.passes)
        return decoded

    monkeypatch.setattr("oyez.engines.moonshine.reading.decode", counted)
    stream = tiny.open_stream(StreamOptions())
    middle, end = 6 * RATE, 9 * RATE
    earlier, later = (
        tiny.recognize([Window(stream, two_cities[a:b], a)])[0]
        for a, b in ((0, middle), (middle, end))
    )
    window = two_cities[3 * RATE : end]
    del passes[:]
    [plain] = tiny.recognize([Window(stream, window, 3 * RATE)])
    drafts = (Excerpt(earlier, from_ms=3_000), Excerpt(later))
    [drafted] = tiny.recognize([Window(stream, window, 3 * RATE, drafts)])
    assert passes[1] * 2 < passes[0]
    assert word_error_rate(plain.text, drafted.text) <= 0.1
    # And a part of a window starts from what was said in it.
    del passes[:]
    part = two_cities[3 * RATE : middle]
    [alone] = tiny.recognize([Window(stream, part, 3 * RATE)])
    [again] = tiny.recognize([Window(stream, part, 3 * RATE, (Excerpt(drafted, until_ms=3_000),))])
    assert passes[1] * 2 < passes[0]
    assert word_error_rate(alone.text, again.text) <= 0.1


def test_foreign_drafts_are_ignored(tiny: Recognizer, beckett: Samples) -> None:
    samples = beckett[: 2 * RATE]
    foreign = Hypothesis((), 0, draft=["not", "ours"])
    assert read(tiny, samples, foreign) == read(tiny, samples)


def test_one_pass_foretells_what_many_do(tiny_graph: Graph, beckett: Samples) -> None:
    vectors = tiny_graph.encode(beckett[: 4 * RATE])
    ids = [1, *decode(tiny_graph, vectors, 26).ids]
    foretold, cache = tiny_graph.start(vectors, ids)
    cache.truncate(3)
    again = tiny_graph.read(cache, ids[3:])
    assert cache.length == len(ids)
    assert (again.ids[:, 0] == foretold.ids[3:, 0]).all()


@pytest.mark.parametrize("level", [0.0, 0.001])
def test_silence_makes_no_sentence(tiny: Recognizer, level: float) -> None:
    noise = np.random.default_rng(3).standard_normal(3 * RATE).astype(np.float32) * level
    heard = read(tiny, noise.astype(np.float32))
    # Voice activity keeps such audio away; what is let through must not become a sentence, unless
    # the model says itself that it does not believe it.
    assert len(heard.tokens) <= 2 or heard.mean_logprob < tiny.capabilities.min_mean_logprob


@pytest.mark.parametrize("samples", [0, 1, 1599])
def test_short_windows_are_silence(tiny: Recognizer, samples: int) -> None:
    heard = read(tiny, np.ones(samples, np.float32))
    assert heard == Hypothesis((), samples // 16, language="en")


def test_the_shortest_window_is_read(tiny: Recognizer, beckett: Samples) -> None:
    assert read(tiny, beckett[RATE : RATE + 1600]).audio_ms == 100


def test_cut_phrases_do_not_loop(tiny: Recognizer, two_cities: Samples) -> None:
    # Cut inside a word at both ends. Unstopped, tiny says the season's phrase three times.
    text = read(tiny, two_cities[10 * RATE : 31 * RATE // 2]).text.lower()
    assert "epoch of incredulity" in text
    assert text.count("season of light") <= 1


def test_threads_share_a_model(tiny: Recognizer, beckett: Samples, two_cities: Samples) -> None:
    clips = [beckett[: 3 * RATE], two_cities[: 4 * RATE]]
    alone = [read(tiny, clip) for clip in clips]
    heard: list[list[Hypothesis]] = [[], []]

    def work(index: int) -> None:
        for _ in range(4):
            heard[index].append(read(tiny, clips[index]))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == [[alone[0]] * 4, [alone[1]] * 4]


def test_a_failure_is_an_engine_error(tiny: Recognizer) -> None:
    stream = tiny.open_stream(StreamOptions())
    with pytest.raises(EngineError, match="moonshine-tiny could not read"):
        tiny.recognize([Window(stream, np.zeros((2, 4000), np.float32), 0)])


def test_a_closed_model_refuses(beckett: Samples) -> None:
    model = load_tiny()
    model.close()
    model.close()
    with pytest.raises(EngineClosedError, match="moonshine-tiny is closed"):
        read(model, beckett)


def test_base_reads_speech(base: Recognizer, two_cities: Samples) -> None:
    samples = two_cities[RATE : 4 * RATE + RATE // 2]
    heard = read(base, samples)
    assert word_error_rate("it was the best of times it was the worst", heard.text) <= 0.3
    assert words(read(base, samples, heard).text) == words(heard.text)
    assert base.capabilities.update_interval_ms > 500


@pytest.mark.parametrize("start_s", [0, 1, 8, 15, 22])
def test_base_takes_no_utterance_for_empty(
    base: Recognizer, two_cities: Samples, start_s: int
) -> None:
    heard = read(base, two_cities[start_s * RATE : (start_s + 7) * RATE])
    assert len(words(heard.text)) >= 10
    assert heard.mean_logprob > base.capabilities.min_mean_logprob


def test_words_have_the_times_at_which_they_were_said(
    tiny: Recognizer, base: Recognizer, two_cities: Samples
) -> None:
    # Starts of "it was the best of times, it was the worst of times, it was the age of wisdom", by
    # a forced alignment with another recogniser (pocketsphinx 5.1).
    said = [1170, 1350, 1610, 1670, 2030, 2130, 2960, 3080, 3280, 3360, 3770, 3870]
    said += [5010, 5090, 5270, 5370, 5630, 5750]
    for model in (tiny, base):
        heard = read(model, two_cities[: 7 * RATE]).tokens
        starts = [token.start_ms for token in heard if words(token.text)][: len(said)]
        errors = np.abs(np.subtract(starts, said))
        assert np.median(errors) <= 50
        assert np.mean(errors <= 120) >= 0.8
        marks = [token for token in heard if not words(token.text)]
        assert marks
        assert all(mark.start_ms == mark.end_ms for mark in marks)
