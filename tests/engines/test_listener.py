"""Audio is heard block by block, and the same however much of it was known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.speech import sample
from oyez.engines.base import Recognizer, Samples, StreamOptions, Window
from oyez.engines.moonshine.convert.blocks import BLOCK_SAMPLES, BLOCK_STRIDE, frames_in, steps_in
from oyez.engines.moonshine.graph import Graph
from oyez.engines.moonshine.reading import MoonshineStream
from oyez.transcript.hypothesis import Excerpt

pytestmark = pytest.mark.real

RATE = 16_000
SHORTEST = 895


@pytest.fixture(scope="module")
def base_graph(base: Recognizer) -> Graph:
    graph = getattr(base, "_graph")  # noqa: B009
    assert isinstance(graph, Graph)
    return graph


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one.keys() | other.keys())


@settings(max_examples=15, deadline=None)
@given(
    ends=st.lists(st.integers(SHORTEST, 3 * RATE), min_size=2, max_size=5),
    start=st.integers(0, 8 * RATE),
    level=st.sampled_from([1.0, 0.03, 0.001]),
)
def test_a_growing_window_is_heard_as_a_whole_one(
    tiny_graph: Graph, ends: list[int], start: int, level: float
) -> None:
    samples = sample("two_cities.wav")[start:] * np.float32(level)
    blocks = tiny_graph.encode_growing(samples[: ends[0]], {})[1]
    for end in ends[1:]:
        encoded, blocks = tiny_graph.encode_growing(samples[:end], blocks)
        assert same(encoded.audio, tiny_graph.encode(samples[:end]))


def test_base_hears_a_growing_window_as_a_whole_one(base_graph: Graph, two_cities: Samples) -> None:
    blocks = base_graph.encode_growing(two_cities[: 2 * RATE], {})[1]
    samples = two_cities[: 3 * RATE + 77]
    assert same(base_graph.encode_growing(samples, blocks)[0].audio, base_graph.encode(samples))


def test_only_new_blocks_are_heard(tiny_graph: Graph, two_cities: Samples) -> None:
    before = tiny_graph.encode_growing(two_cities[: 4 * RATE], {})[1]
    after = tiny_graph.encode_growing(two_cities[: 5 * RATE], before)[1]
    # 1 s has five blocks and a part; the last one before had reached into silence.
    assert len(after.keys() - before.keys()) <= 7
    assert len(after.keys() & before.keys()) >= 20


def test_a_window_that_begins_a_block_earlier_shares_the_others(
    tiny_graph: Graph, two_cities: Samples
) -> None:
    samples = two_cities[RATE : 4 * RATE]
    before = tiny_graph.encode_growing(samples, {})[1]
    shifted = np.concatenate((np.zeros(BLOCK_STRIDE, np.float32), samples))
    encoded, after = tiny_graph.encode_growing(shifted, before)
    assert len(after.keys() - before.keys()) == 1
    assert same(encoded.audio, tiny_graph.encode(shifted))


def test_other_audio_at_the_same_place_is_heard_anew(
    tiny_graph: Graph, two_cities: Samples
) -> None:
    samples = two_cities[: 3 * RATE]
    blocks = tiny_graph.encode_growing(samples, {})[1]
    other = samples.copy()
    other[RATE] += np.float32(1e-6)
    assert same(tiny_graph.encode_growing(other, blocks)[0].audio, tiny_graph.encode(other))


@given(samples=st.integers(SHORTEST, 20 * RATE))
def test_blocks_hold_every_step_and_frame(samples: int) -> None:
    blocks = -(-steps_in(samples) // 48)
    assert frames_in(samples) <= 16 * blocks
    assert frames_in(BLOCK_STRIDE * (blocks - 1) + BLOCK_SAMPLES) == 16 * blocks
    assert frames_in(samples) == ((samples - 127) // 64 + 1 - 7) // 3 + 1


def test_a_stream_changes_no_reading(tiny: Recognizer, two_cities: Samples) -> None:
    stream = tiny.open_stream(StreamOptions())
    drafts: tuple[Excerpt, ...] = ()
    for end_s in (1, 2, 3, 2, 5):
        for is_last in (False, True):
            samples = two_cities[RATE : (1 + end_s) * RATE]
            new = tiny.open_stream(StreamOptions())
            [warm] = tiny.recognize([Window(stream, samples, 0, drafts, is_last=is_last)])
            [cold] = tiny.recognize([Window(new, samples, 0, drafts, is_last=is_last)])
            assert warm == cold
        drafts = (Excerpt(warm),)


def test_a_stream_holds_one_window_and_nothing_when_closed(
    tiny: Recognizer, two_cities: Samples
) -> None:
    stream = tiny.open_stream(StreamOptions())
    assert isinstance(stream, MoonshineStream)
    for start_s in (0, 5, 10):
        samples = two_cities[start_s * RATE : (start_s + 4) * RATE]
        tiny.recognize([Window(stream, samples, start_s * RATE)])
        assert 20 <= len(stream.blocks) <= 22
    stream.close()
    assert not stream.blocks
    tiny.recognize([Window(stream, samples, 0)])
    assert not stream.blocks
