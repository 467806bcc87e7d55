"""The small parts of a session."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.audio.decoder import open_decoder
from oyez.engines.scripted import ScriptedVad
from oyez.session.buffer import SampleBuffer
from oyez.session.cuts import has_pause, quietest_frames
from oyez.session.inlet import Frame, Inlet
from oyez.session.ledger import Ledger
from oyez.transcript.hypothesis import Hypothesis, HypothesisToken
from oyez.transcript.words import Word, words_of


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 500)), max_size=30))
def test_a_buffer_returns_the_samples_of_any_place_it_keeps(steps: list[tuple[int, int]]) -> None:
    buffer, stream = SampleBuffer(), np.arange(20_000, dtype=np.float32)
    for size, dropped in steps:
        buffer.append(stream[buffer.end : buffer.end + size])
        buffer.drop_before(buffer.start + dropped)
        assert buffer.start <= buffer.end
        read = buffer.read(buffer.start, buffer.end)
        assert np.array_equal(read, stream[buffer.start : buffer.end])


def test_a_buffer_refuses_what_it_does_not_keep() -> None:
    buffer = SampleBuffer()
    buffer.append(np.zeros(10, np.float32))
    buffer.drop_before(5)
    with pytest.raises(IndexError, match="4 to 8"):
        buffer.read(4, 8)


def test_cuts_prefer_pauses() -> None:
    frames = [Frame(0.99, -20.0)] * 100
    for index in range(40, 46):
        frames[index] = Frame(0.05, -60.0)
    (best, *others) = quietest_frames(frames, first=10, last=90, count=3, apart=15)
    assert 40 <= best <= 45
    assert all(abs(best - other) >= 15 for other in others)
    assert has_pause(frames, best)
    assert not has_pause(frames, 20)


def test_cuts_stay_inside_their_bounds() -> None:
    frames = [Frame(0.0, -90.0)] * 20
    assert quietest_frames(frames, first=30, last=40, count=3, apart=1) == []
    assert all(5 <= i <= 9 for i in quietest_frames(frames, first=5, last=9, count=9, apart=1))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=20))
def test_an_inlet_hears_the_same_however_bytes_are_cut(sizes: list[int]) -> None:
    rng = np.random.default_rng(1)
    data = (rng.standard_normal(9_000) * 8_000).astype("<i2").tobytes()

    def hear(pieces: list[bytes]) -> tuple[bytes, list[Frame]]:
        decoder = open_decoder(
            "pcm_s16le", sample_rate_hz=16_000, num_channels=1, target_rate_hz=16_000
        )
        inlet = Inlet(decoder, ScriptedVad().open_stream(), frame_samples=512)
        heard = [*(inlet.push(piece) for piece in pieces), inlet.flush()]
        samples = np.concatenate([part.samples for part in heard]).tobytes()
        return samples, [frame for part in heard for frame in part.frames]

    pieces, position, index = [], 0, 0
    while position < len(data):
        pieces.append(data[position : position + sizes[index % len(sizes)]])
        position += len(pieces[-1])
        index += 1
    assert hear(pieces) == hear([data])


def spoken(*tokens: tuple[str, int, int]) -> list[Word]:
    hypothesis = Hypothesis(
        tuple(HypothesisToken(text, -0.1, start, end) for text, start, end in tokens), 10_000
    )
    return words_of(hypothesis, offset_ms=0)


def test_words_that_crowd_behind_final_ones_share_their_time() -> None:
    ledger = Ledger(language=None)
    ledger.finalize(spoken((" a", 0, 1_000)))
    ledger.finalize(spoken((" b", 400, 900), (" c", 900, 1_400), (" d", 1_400, 2_000)))
    (results,) = ledger.take()
    tokens = results.tokens
    assert [token.text for token in tokens] == ["a", " b", " c", " d"]
    assert tokens[1].start_ms == 1_000
    assert tokens[-1].end_ms == 2_000
    assert all(token.end_ms - token.start_ms > 200 for token in tokens)


def test_a_ledger_has_nothing_to_say_when_nothing_changed() -> None:
    ledger = Ledger(language=None)
    assert ledger.take() == []
    ledger.show(spoken((" a", 0, 100)), until_ms=100)
    assert len(ledger.take()) == 1
    ledger.show(spoken((" a", 0, 100)), until_ms=150)
    assert ledger.take() == []


def test_a_marker_comes_before_whatever_follows_it() -> None:
    ledger = Ledger(language=None)
    ledger.finalize(spoken((" a", 0, 100)))
    ledger.mark("<fin>", at_ms=200)
    ledger.finalize(spoken((" b", 150, 260)))
    tokens = [token for results in ledger.take() for token in results.tokens]
    starts = [token.start_ms for token in tokens if token.is_final]
    assert starts == sorted(set(starts))


def test_words_are_shown_before_the_message_that_ends_their_utterance() -> None:
    ledger = Ledger(language=None)
    ledger.finalize(spoken((" a", 0, 100)))
    ledger.mark("<end>", at_ms=200)
    ledger.show(spoken((" b", 210, 250)), until_ms=260)
    shown = ledger.take()
    ledger.finalize(spoken((" b", 210, 300)))
    ledger.mark("<end>", at_ms=400)
    said = [
        ([(token.text, token.is_final) for token in results.tokens], results.final_audio_proc_ms)
        for results in (*shown, *ledger.take())
    ]
    assert said == [
        ([("a", False)], 0),
        ([("a", True), ("<end>", True)], 200),
        ([(" b", False)], 200),
        ([(" b", True), ("<end>", True)], 400),
    ]


def test_a_message_ends_with_its_marker() -> None:
    ledger = Ledger(language=None)
    ledger.show(spoken((" a", 0, 90)), until_ms=100)
    ledger.finalize(spoken((" a", 0, 100)))
    ledger.mark("<end>", at_ms=200)
    ledger.mark("<fin>", at_ms=200)
    ledger.finalize(spoken((" b", 210, 300)))
    ledger.show(spoken((" c", 310, 360)), until_ms=400)
    said = [
        ([token.text for token in results.tokens], results.final_audio_proc_ms)
        for results in ledger.take()
    ]
    assert said[1:] == [(["a", "<end>"], 200), (["<fin>"], 200), ([" b", " c"], 300)]
    assert ledger.take() == []
