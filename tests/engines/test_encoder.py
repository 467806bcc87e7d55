"""What has settled in a growing window is not computed again, and nothing else is left out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.speech import sample
from oyez.engines.base import Recognizer, Samples, StreamOptions, Window
from oyez.engines.moonshine.assets import TINY, locate
from oyez.engines.moonshine.convert.decoder import decoder_model
from oyez.engines.moonshine.convert.encoder import encoder_model
from oyez.engines.moonshine.convert.kernels import Kernels, Numbers
from oyez.engines.moonshine.convert.listener import listener_model
from oyez.engines.moonshine.convert.weights import read_weights
from oyez.engines.moonshine.encoder import (
    SAMPLES_PER_VECTOR,
    SETTLED_SAMPLES,
    Audio,
    Encoded,
    Settled,
)
from oyez.engines.moonshine.graph import Graph
from oyez.engines.moonshine.lean import LeanModel
from oyez.transcript.hypothesis import Excerpt

pytestmark = pytest.mark.real

RATE = 16_000


@pytest.fixture(scope="module")
def float_graph() -> Graph:
    """Return tiny in floats, which round nothing by what stands beside it."""
    files = locate(TINY)
    weights = read_weights(files.encoder, files.decoder)
    kernels = Kernels(Numbers.FLOAT, Numbers.FLOAT)
    writers = (listener_model, encoder_model, decoder_model)
    return Graph(LeanModel(*(write(weights, kernels) for write in writers)))


def heard(graph: Graph, samples: Samples, earlier: Settled | None = None) -> Encoded:
    return graph.encode_growing(samples, {}, earlier)[0]


def same(one: Audio, other: Audio) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one.keys() | other.keys())


def difference(one: Audio, other: Audio, vectors: slice) -> float:
    """Mean absolute difference of values at some vectors, relative to their mean size."""
    names = [name for name in one if name.startswith("audio_value.")]
    parts = [(one[name][:, :, vectors], other[name][:, :, vectors]) for name in names]
    return float(np.mean([np.abs(a - b).mean() / np.abs(b).mean() for a, b in parts]))


def test_what_is_computed_behind_settled_vectors_is_what_a_whole_window_has_there(
    float_graph: Graph, two_cities: Samples
) -> None:
    window = two_cities[RATE : 6 * RATE]
    whole = heard(float_graph, window)
    # Vectors that settled in this very window have heard all of it.
    settled = whole.settled()
    again = heard(float_graph, window, settled)
    assert again.earlier is settled
    assert settled.count == (window.size - SETTLED_SAMPLES) // SAMPLES_PER_VECTOR
    assert difference(again.audio, whole.audio, slice(0, settled.count)) == 0.0
    assert difference(again.audio, whole.audio, slice(settled.count, None)) < 1e-5


@settings(max_examples=10, deadline=None)
@given(
    steps=st.lists(st.integers(0, RATE), min_size=1, max_size=5),
    start=st.integers(0, 8 * RATE),
)
def test_a_window_has_its_vectors_however_it_grew(
    tiny_graph: Graph, steps: list[int], start: int
) -> None:
    samples = sample("two_cities.wav")[start:]
    ends = [RATE, *(RATE + int(end) for end in np.cumsum(steps))]
    settled: Settled | None = None
    for end in ends:
        encoded = heard(tiny_graph, samples[:end], settled)
        whole = heard(tiny_graph, samples[:end])
        shapes = {name: value.shape for name, value in whole.audio.items()}
        assert {name: value.shape for name, value in encoded.audio.items()} == shapes
        before, settled = settled, encoded.settled()
        assert settled.count == (end - SETTLED_SAMPLES) // SAMPLES_PER_VECTOR
        if encoded.earlier is not None:
            assert encoded.earlier is before
            assert settled.parts[: len(encoded.earlier.parts)] == encoded.earlier.parts
            assert settled.scale == encoded.earlier.scale
        else:
            assert same(encoded.audio, whole.audio)


def test_settled_vectors_are_nearly_those_of_the_whole_window(
    float_graph: Graph, two_cities: Samples
) -> None:
    settled: Settled | None = None
    for end in range(RATE, 6 * RATE, RATE // 3):
        encoded = heard(float_graph, two_cities[:end], settled)
        settled = encoded.settled()
    assert encoded.earlier is not None
    whole = heard(float_graph, two_cities[:end])
    aside = heard(float_graph, two_cities[RATE // 2 : end])
    # The same from half a second later on is the measure of what models take for the same.
    half = RATE // 2 // SAMPLES_PER_VECTOR
    moved = difference(
        {name: value[:, :, half:] for name, value in whole.audio.items() if "value" in name},
        {name: value[:, :, :-1] for name, value in aside.audio.items() if "value" in name},
        slice(0, 100),
    )
    assert difference(encoded.audio, whole.audio, slice(0, None)) < moved


@pytest.mark.parametrize("change", ["other", "shorter", "louder", "nothing"])
def test_what_does_not_begin_like_a_window_is_not_used_for_it(
    tiny_graph: Graph, two_cities: Samples, change: str
) -> None:
    settled = heard(tiny_graph, two_cities[: 3 * RATE]).settled()
    samples = two_cities[: 4 * RATE].copy()
    match change:
        case "other":
            samples[RATE] += np.float32(1e-6)
        case "shorter":
            samples = samples[: 2 * RATE]
        case "louder":
            settled = replace(settled, scale=settled.scale * 1.06)
        case "nothing":
            settled = heard(tiny_graph, two_cities[:RATE]).settled()
            assert settled.count == 0
    encoded = heard(tiny_graph, samples, settled)
    assert encoded.earlier is None
    assert same(encoded.audio, tiny_graph.encode(samples))


def test_readings_start_from_what_has_settled_and_second_looks_do_not(
    tiny: Recognizer, two_cities: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Encoded] = []
    encode_growing = Graph.encode_growing

    def noted(*args: object) -> object:
        encoded, blocks = encode_growing(*args)  # type: ignore[arg-type]
        made.append(encoded)
        return encoded, blocks

    monkeypatch.setattr(Graph, "encode_growing", noted)
    stream = tiny.open_stream(StreamOptions())
    drafts: tuple[Excerpt, ...] = ()
    speech = two_cities[6 * RATE :]
    for end in (48_000, 53_000, 58_000):
        [reading] = tiny.recognize([Window(stream, speech[:end], 0, drafts)])
        drafts = (Excerpt(reading),)
    assert [one.earlier is not None for one in made] == [False, True, True]
    window = Window(stream, speech[:60_000], 0, drafts, is_last=True)
    monkeypatch.setattr(tiny, "_doubt_logprob", -10.0)
    made.clear()
    [last] = tiny.recognize([window])
    assert [one.earlier is not None for one in made] == [True]
    monkeypatch.setattr(tiny, "_doubt_logprob", 0.0)
    made.clear()
    tiny.recognize([window])
    assert [one.earlier is not None for one in made] == [True, False]
    # After a pause everything is new.
    made.clear()
    tiny.recognize([Window(stream, speech[:63_000], 0, (Excerpt(last),))])
    assert made[0].earlier is None
