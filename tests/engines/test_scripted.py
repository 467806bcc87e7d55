import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.engines import scripted
from oyez.engines.base import Capabilities, StreamOptions, Window
from oyez.engines.registry import load_recognizer, load_vad
from oyez.engines.scripted import (
    DEFAULT_SCRIPT,
    ScriptedRecognizer,
    ScriptedVad,
    ScriptedWord,
    script_audio,
)
from oyez.errors import EngineClosedError
from oyez.transcript.hypothesis import Excerpt, Hypothesis

SCRIPT = [
    ScriptedWord("one", 0, 200),
    ScriptedWord("two", 300, 500, confidence=0.5),
    ScriptedWord("three", 600, 800),
]


def read(model: ScriptedRecognizer, begin_ms: int, end_ms: int) -> Hypothesis:
    samples = np.zeros((end_ms - begin_ms) * 16, np.float32)
    stream = model.open_stream(StreamOptions())
    [hypothesis] = model.recognize([Window(stream, samples, begin_ms * 16)])
    stream.close()
    return hypothesis


def test_words_that_end_in_the_window_are_heard() -> None:
    model = ScriptedRecognizer(SCRIPT)
    assert read(model, 0, 500).text == " one two"
    assert read(model, 200, 499).text == ""
    heard = read(model, 400, 1000)
    assert [(token.text, token.start_ms, token.end_ms) for token in heard.tokens] == [
        (" two", 0, 100),
        (" three", 200, 400),
    ]
    assert heard.tokens[0].logprob == pytest.approx(math.log(0.5))
    assert heard.audio_ms == 600
    assert heard.language == "en"


def test_a_cut_word_can_be_guessed() -> None:
    model = ScriptedRecognizer(SCRIPT, guess_cut_words=True)
    guess = read(model, 0, 700).tokens[-1]
    assert guess.text == " thr-"
    assert guess.end_ms == 700
    assert guess.logprob < math.log(0.5)
    assert read(model, 0, 800).text == " one two three"


def test_a_script_can_repeat() -> None:
    model = ScriptedRecognizer(SCRIPT, period_ms=1000)
    assert read(model, 0, 1500).text == " one two three one two"
    heard = read(model, 60_000, 60_300)
    assert [(token.text, token.start_ms) for token in heard.tokens] == [(" one", 0)]


@given(cuts=st.lists(st.integers(0, 9_000), max_size=8))
def test_windows_in_a_row_hear_each_word_once(cuts: list[int]) -> None:
    model = ScriptedRecognizer(SCRIPT, period_ms=1000)
    edges = [0, *sorted(cuts), 9_000]
    parts = [read(model, a, b).text for a, b in pairwise(edges)]
    assert "".join(parts) == " one two three" * 9


def test_latency_and_counts() -> None:
    slept: list[float] = []
    model = ScriptedRecognizer(
        SCRIPT,
        seconds_per_call=0.25,
        sleep=slept.append,
        name="slow",
        capabilities=Capabilities(languages=("de",), max_batch=4),
    )
    stream = model.open_stream(StreamOptions())
    assert model.open_streams == 1
    samples = np.zeros(16_000, np.float32)
    [first] = model.recognize([Window(stream, samples, 0)])
    model.recognize([Window(stream, samples, 0, (Excerpt(first),)), Window(stream, samples, 0)])
    assert (model.calls, model.windows, model.drafted) == (2, 3, 1)
    assert slept == [0.25, 0.25]
    assert (model.name, model.capabilities.max_batch, first.language) == ("slow", 4, "de")
    stream.close()
    stream.close()
    assert model.open_streams == 0
    model.close()
    model.close()
    with pytest.raises(EngineClosedError, match="slow is closed"):
        model.recognize([])


def test_the_vad_hears_what_the_script_says() -> None:
    audio = script_audio(SCRIPT, 1024)
    probabilities = ScriptedVad().open_stream().push(audio)
    assert len(probabilities) == 32
    said = [
        any(w.start_ms <= i * 32 + 8 and i * 32 + 24 <= w.end_ms for w in SCRIPT) for i in range(32)
    ]
    silent = [
        all(w.end_ms <= i * 32 or i * 32 + 32 <= w.start_ms for w in SCRIPT) for i in range(32)
    ]
    for probability, loud, quiet in zip(probabilities, said, silent, strict=True):
        assert probability in {0.99, 0.01}
        assert not loud or probability == 0.99
        assert not quiet or probability == 0.01


@given(cuts=st.lists(st.integers(0, 32_000), max_size=12))
def test_cutting_changes_nothing(cuts: list[int]) -> None:
    audio = script_audio(SCRIPT, 2_000, period_ms=1_000)
    stream = ScriptedVad().open_stream()
    edges = [0, *sorted(cuts), audio.size]
    parts = [stream.push(audio[a:b]) for a, b in pairwise(edges)]
    whole = ScriptedVad().open_stream().push(audio)
    assert [probability for part in parts for probability in part] == whole


def test_the_registry_has_both() -> None:
    model = load_recognizer("scripted")
    stream = model.open_stream(StreamOptions())
    samples = np.zeros(8 * 16_000, np.float32)
    [heard] = model.recognize([Window(stream, samples, 0)])
    sentence = "".join(f" {word.text}" for word in DEFAULT_SCRIPT)
    assert heard.text == sentence * 2
    vad = load_vad("scripted")
    assert (vad.sample_rate_hz, vad.frame_samples) == (model.sample_rate_hz, 512)


def test_the_docstring_names_what_is_exported() -> None:
    assert scripted.__doc__ is not None
    assert all(name in scripted.__doc__ for name in scripted.__all__)
