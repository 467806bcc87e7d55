"""The lean graphs compute what the published ones do, on real speech."""

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from bench.published import PublishedGraph, best_two
from onnx import TensorProto

from engines.floats import in_floats
from oyez.engines.base import Samples
from oyez.engines.moonshine.assets import BASE, TINY, Assets, ModelFiles, locate
from oyez.engines.moonshine.convert.decoder import decoder_model
from oyez.engines.moonshine.convert.encoder import encoder_model
from oyez.engines.moonshine.convert.kernels import Kernels, Numbers
from oyez.engines.moonshine.convert.listener import listener_model
from oyez.engines.moonshine.convert.ort_format import read_graph
from oyez.engines.moonshine.convert.weights import read_weights
from oyez.engines.moonshine.decode import decode, token_cap
from oyez.engines.moonshine.encoder import Audio, Encoder
from oyez.engines.moonshine.graph import FloatArray, Graph
from oyez.engines.moonshine.lean import LeanModel
from oyez.engines.moonshine.listener import Listener
from oyez.engines.moonshine.processor import best_numbers
from oyez.engines.moonshine.vocabulary import BOS
from oyez.errors import EngineError

pytestmark = pytest.mark.real

RATE = 16_000


@pytest.fixture(scope="module", autouse=True)
def _memory_is_given_back() -> Iterator[None]:
    """Models and sessions are kept for the tests of this file: each takes seconds to make."""
    yield
    converted.cache_clear()
    session.cache_clear()


@cache
def session(graph: Path | bytes) -> ort.InferenceSession:
    return ort.InferenceSession(graph, providers=["CPUExecutionProvider"])


@cache
def converted(files: ModelFiles, products: Numbers, convolutions: Numbers) -> LeanModel:
    weights = read_weights(files.encoder, files.decoder)
    kernels = Kernels(products, convolutions)
    writers = (listener_model, encoder_model, decoder_model)
    return LeanModel(*(write(weights, kernels) for write in writers))


def vectors_of(model: LeanModel, samples: Samples) -> FloatArray:
    encoder = session(model.encoder)
    listener = Listener(session(model.listener), Encoder(encoder).width)
    nothing = {
        node.name: np.zeros((1, node.shape[1], 0, node.shape[3]), np.float32)
        for node in encoder.get_inputs()
        if node.name.startswith("heard_")
    }
    feed = listener.listen(samples, {})[0].feed | nothing
    vectors: FloatArray = encoder.run(["vectors"], feed)[0]
    return vectors


def logits_of(model: LeanModel, audio: Audio, ids: list[int]) -> FloatArray:
    """What follows each id at the beginning of a text, shape (ids, vocabulary)."""
    decoder = session(model.decoder)
    no_text = {
        node.name: np.zeros((1, node.shape[1], 0, node.shape[3]), np.float32)
        for node in decoder.get_inputs()
        if node.name.startswith("text_")
    }
    feed = {"ids": np.array([ids], np.int64), **no_text, **audio}
    logits: FloatArray = decoder.run(["logits"], feed)[0][0]
    return logits


def difference(one: FloatArray, other: FloatArray) -> float:
    """Mean absolute difference, relative to the mean absolute value."""
    return float(np.abs(one - other).mean() / np.abs(other).mean())


def published_text(published: PublishedGraph, samples: Samples) -> tuple[list[int], FloatArray]:
    """What the published model says of the samples, and its logits for each place."""
    audio = published.encode(samples)
    ids = [BOS, *decode(published, audio, token_cap(samples.size / RATE)).ids]
    return ids, published.logits(audio, ids)


def test_base_in_floats_is_the_published_base(
    base_files: ModelFiles, beckett: Samples, two_cities: Samples
) -> None:
    published = PublishedGraph(base_files)
    model = converted(base_files, Numbers.FLOAT, Numbers.FLOAT)
    graph = Graph(model)
    for samples in (beckett[: 3 * RATE], two_cities[RATE : 4 * RATE]):
        assert difference(vectors_of(model, samples), published.vectors(samples)) < 1e-5
        ids, wanted = published_text(published, samples)
        audio = graph.encode(samples)
        logits = logits_of(model, audio, ids)
        # The logits go up to 30.
        assert np.abs(logits - wanted).max() < 1e-3
        assert (logits.argmax(axis=1) == wanted.argmax(axis=1)).all()
        assert [BOS, *decode(graph, audio, token_cap(samples.size / RATE)).ids] == ids


def test_tiny_in_floats_is_the_published_tiny_in_floats(two_cities: Samples) -> None:
    files = locate(TINY)
    floats, ids_type = TensorProto.FLOAT, TensorProto.INT64
    hears = {"input_values": floats, "attention_mask": ids_type}
    reads = {
        "encoder_hidden_states": floats,
        "encoder_attention_mask": ids_type,
        "input_ids": ids_type,
    }
    cpu = ["CPUExecutionProvider"]
    encoder = ort.InferenceSession(in_floats(files.encoder, hears, "last_hidden_state"), None, cpu)
    decoder = ort.InferenceSession(
        in_floats(files.decoder, reads, "logits", "else_branch"), None, cpu
    )
    model = converted(files, Numbers.FLOAT, Numbers.FLOAT)
    graph = Graph(model)
    for start in (1, 12, 24):
        samples = two_cities[start * RATE : (start + 5) * RATE]
        mask = np.ones((1, samples.size), np.int64)
        feed = {"input_values": samples[np.newaxis], "attention_mask": mask}
        vectors = encoder.run(None, feed)[0]
        assert difference(vectors_of(model, samples), vectors) < 1e-5
        audio = graph.encode(samples)
        ids = [BOS, *decode(graph, audio, token_cap(5.0)).ids]
        assert len(ids) > 12
        wanted = decoder.run(
            None,
            {
                "encoder_hidden_states": vectors,
                "encoder_attention_mask": mask[:, : (vectors.shape[1] - 1) * 384 + 1],
                "input_ids": np.array([ids]),
            },
        )[0][0]
        logits = logits_of(model, audio, ids)
        # They go up to 30.
        assert np.abs(logits - wanted).max() < 1e-3
        assert (logits.argmax(axis=1) == wanted.argmax(axis=1)).all()
        assert wanted.argmax(axis=1)[: len(ids) - 1].tolist() == ids[1:]


def test_tiny_differs_from_the_published_tiny_as_that_does_from_itself(
    two_cities: Samples,
) -> None:
    # Its activations are rounded to bytes, with a scale for the whole window. Noise that nobody
    # hears moves the scale, and every layer enlarges the difference.
    files = locate(TINY)
    published = PublishedGraph(files)
    model = converted(files, Numbers.UNSIGNED, Numbers.FLOAT)
    random = np.random.default_rng(1)
    for start in (1, 12, 24):
        samples = two_cities[start * RATE : (start + 8) * RATE]
        noise = 1e-5 * np.abs(samples).max() * random.standard_normal(samples.size)
        wanted = published.vectors(samples)
        from_itself = difference(published.vectors((samples + noise).astype(np.float32)), wanted)
        assert 0.01 < from_itself < 0.1
        assert difference(vectors_of(model, samples), wanted) < 1.3 * from_itself


CLOSE_LOGITS = 0.5


@pytest.mark.parametrize("assets", [TINY, BASE], ids=lambda assets: assets.engine)
def test_bytes_say_what_the_published_graphs_say(
    assets: Assets, base_files: ModelFiles, beckett: Samples, two_cities: Samples
) -> None:
    files = base_files if assets is BASE else locate(assets)
    published = PublishedGraph(files)
    graph = Graph(converted(files, best_numbers(), best_numbers()))
    same = places = 0
    for samples in (beckett[: 5 * RATE], *(two_cities[s * RATE :][: 5 * RATE] for s in (1, 12))):
        ids, wanted = published_text(published, samples)
        foretold, _ = graph.start(graph.encode(samples), ids)
        second, best = np.sort(wanted, axis=1)[:, -2:].T
        # Where the published graph is of two minds, rounding decides.
        is_decided = best - second > CLOSE_LOGITS
        is_same = foretold.ids[:, 0] == wanted.argmax(axis=1)
        same += int((is_same & is_decided).sum())
        places += int(is_decided.sum())
    assert places > 35
    assert same / places >= 0.97


def test_unsigned_weights_give_the_same_sums_as_signed_ones(two_cities: Samples) -> None:
    if best_numbers() is not Numbers.SIGNED:
        pytest.skip("this processor does not compute signed products rightly")
    samples = two_cities[RATE : 5 * RATE]
    ids = [BOS, 300, 400, 500]
    ours, theirs = (
        logits_of(model, Graph(model).encode(samples), ids)
        for model in (
            converted(locate(TINY), numbers, numbers)
            for numbers in (Numbers.SIGNED, Numbers.UNSIGNED)
        )
    )
    assert np.array_equal(ours, theirs)


def test_the_two_best_ids_are_those_of_the_logits(two_cities: Samples) -> None:
    model = converted(locate(TINY), best_numbers(), best_numbers())
    graph = Graph(model)
    audio = graph.encode(two_cities[RATE : 4 * RATE])
    ids = [BOS, *decode(graph, audio, token_cap(3.0)).ids]
    wanted = best_two(logits_of(model, audio, ids))
    foretold, _ = graph.start(audio, ids)
    assert np.array_equal(foretold.ids, wanted.ids)
    assert np.abs(foretold.logprobs - wanted.logprobs).max() < 1e-4


def test_a_text_read_in_parts_is_the_text_read_at_once(two_cities: Samples) -> None:
    graph = Graph(converted(locate(TINY), Numbers.FLOAT, Numbers.FLOAT))
    audio = graph.encode(two_cities[RATE : 4 * RATE])
    ids = [BOS, *decode(graph, audio, 20).ids]
    assert len(ids) > 8
    whole, _ = graph.start(audio, ids)
    first, cache = graph.start(audio, ids[:5])
    graph.read(cache, [7, 8, 9])
    cache.truncate(5)
    rest = graph.read(cache, ids[5:])
    parts = np.concatenate((first.logprobs, rest.logprobs))
    assert np.abs(parts - whole.logprobs).max() < 1e-3


@pytest.mark.parametrize("kept", [0, 7, 1000, 200_000, 13_000_000])
def test_a_damaged_file_is_refused(kept: int, tmp_path: Path) -> None:
    files = locate(TINY)
    damaged = tmp_path / "encoder_model.ort"
    damaged.write_bytes(files.encoder.read_bytes()[:kept])
    with pytest.raises(EngineError, match=r"encoder_model\.ort"):
        read_weights(damaged, files.decoder)


def test_another_model_is_refused(base_files: ModelFiles) -> None:
    with pytest.raises(EngineError, match="not a decoder that oyez knows"):
        read_weights(base_files.encoder, base_files.encoder)
    with pytest.raises(EngineError, match="not an export that oyez knows"):
        read_weights(base_files.decoder, base_files.decoder)


def test_weights_lie_on_their_steps() -> None:
    files = locate(TINY)
    weights = read_weights(files.encoder, files.decoder)
    constants = read_graph(files.encoder).constants
    unpacked = constants["conv2.weight_add_tensor"]
    error = np.abs(weights.encoder.second.weights.floats() - unpacked).max()
    assert error < 1e-5 < weights.encoder.second.weights.scale
    assert math.isclose(weights.frequencies[-1], 10_000 ** (-30 / 32), rel_tol=1e-5)
