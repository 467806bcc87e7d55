"""Every container and codec: what comes out, and when."""

import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.audio import AudioDecoder, Samples
from oyez.audio.opening import CONTAINERS
from oyez.protocol.audio_formats import CONTAINER_FORMATS

from .media import CLIPS, RATE_HZ, RECIPES, Recipe, encoded, file, read_with_libavformat, speech
from .pieces import container, decode, every, pieces

ALL = pytest.mark.parametrize("recipe", RECIPES, ids=str)
SHORT_S = 0.5
LOOKAHEAD_MS = 6.0
"""What the resampler may hold back."""


def trickle(decoder: AudioDecoder, data: bytes, length: int) -> list[Samples]:
    return [decoder.push(piece) for piece in every(data, length)]


def test_every_container_of_the_protocol_can_be_decoded() -> None:
    assert set(CONTAINERS) == CONTAINER_FORMATS


@ALL
def test_all_that_was_encoded_is_heard_by_name_and_by_the_first_bytes(recipe: Recipe) -> None:
    data = encoded(recipe)
    by_name = decode(container(recipe.name), every(data, 1_000))
    by_head = decode(container("auto"), [data])
    assert by_name.tobytes() == by_head.tobytes()
    assert by_head.dtype == np.float32
    # The decoder of WMA keeps its last block for itself.
    lost_ms = 30 if recipe.codec == "wmav2" else 0.1
    assert -lost_ms <= 1000 * len(by_head) / RATE_HZ - 3000 <= recipe.padding_ms + 2


@ALL
def test_another_reader_of_containers_finds_the_same_samples(recipe: Recipe) -> None:
    data = encoded(recipe)
    expected, rate_hz = read_with_libavformat(data)
    samples = decode(container("auto", rate_hz), [data])
    assert len(samples) == len(expected)
    # Other decoders of the same codec round differently, at most so much.
    assert np.abs(samples - expected).max() < (0.01 if "amr" in recipe.codec else 1e-3)


@ALL
@settings(max_examples=10, deadline=None)
@given(lengths=st.lists(st.integers(0, 3_000), max_size=30))
def test_samples_do_not_depend_on_how_the_bytes_were_cut(
    recipe: Recipe, lengths: list[int]
) -> None:
    data = encoded(recipe, SHORT_S)
    whole = decode(container("auto"), [data])
    assert decode(container("auto"), pieces(data, lengths)).tobytes() == whole.tobytes()


@ALL
def test_one_byte_at_a_time_gives_the_same_samples(recipe: Recipe) -> None:
    data = encoded(recipe, SHORT_S)[: 12_000 if "pcm" in recipe.codec else 25_000]
    whole = decode(container("auto"), [data])
    assert decode(container("auto"), every(data, 1)).tobytes() == whole.tobytes()


@ALL
def test_nothing_is_held_back_that_could_be_decoded(recipe: Recipe) -> None:
    """At any point in the stream, its end would bring out no more than the resampler holds.

    WMA overlaps its blocks: the last one comes out in full only with the next.
    """
    allowed_ms = 50 if recipe.codec == "wmav2" else LOOKAHEAD_MS
    data = encoded(recipe, 1.5)
    step = len(data) // 9
    decoder = container(recipe.name)
    count = 0
    for end in range(step, len(data), step):
        count += len(decoder.push(data[end - step : end]))
        if count:
            ended = decode(container(recipe.name), [data[:end]])
            assert 1000 * (len(ended) - count) / RATE_HZ <= allowed_ms
            assert decoder.bytes_held < 10_000


@ALL
def test_what_has_come_out_is_never_changed_by_what_follows(recipe: Recipe) -> None:
    data = encoded(recipe)
    whole = decode(container("auto"), [data])
    decoder = container("auto")
    heard = np.concatenate(trickle(decoder, data[: 2 * len(data) // 3], 500))
    np.testing.assert_array_equal(heard, whole[: len(heard)])
    assert len(heard) > RATE_HZ or "backwards" in recipe.label


@pytest.mark.parametrize(
    ("name", "step_ms"),
    [
        ("webm-libopus-live", 20),
        ("ogg-libopus-live", 20),
        ("ogg-libopus", 20),
        ("mp3-libmp3lame-live", 27),
        ("aac-aac", 64),
        ("amr-libopencore_amrnb", 20),
        ("flac-flac", 288),
        ("mp4-aac-live", 24),
    ],
)
def test_audio_comes_out_packet_by_packet(name: str, step_ms: float) -> None:
    """Also where pages or fragments hold many packets."""
    data = file(name)
    heard = trickle(container("auto"), data, 1)
    steps = [1000 * len(samples) / RATE_HZ for samples in heard if len(samples)]
    # What comes first may be two packets: a stream without a header is believed by its second.
    assert max(steps[2:]) <= step_ms + 1


def test_a_flac_frame_does_not_wait_for_the_next_one() -> None:
    data = file("flac-flac-live")
    sync = data[data.index(b"\xff\xf8") :][:2]
    starts = [at for at in range(len(data)) if data[at : at + 2] == sync]
    frames = [(a, b) for a, b in pairwise(starts) if b - a > 500]
    decoder = container("flac", 44_100)
    decoder.push(data[: frames[0][0]])
    counts = [len(decoder.push(data[a:b])) for a, b in frames[:10]]
    assert set(counts) == {4_608}


@pytest.mark.parametrize(("name", "promise"), [("awb", "amr"), ("spx", "ogg")])
def test_clips_of_codecs_that_only_others_can_encode(name: str, promise: str) -> None:
    data = (CLIPS / f"best_of_times.{name}").read_bytes()
    samples = decode(container(promise), every(data, 7))
    assert len(samples) == 4 * RATE_HZ
    assert samples.tobytes() == decode(container("auto"), [data]).tobytes()
    assert 0.01 < np.sqrt(np.square(samples).mean()) < 0.02


@pytest.mark.parametrize(
    "name",
    [
        "aiff-pcm_s16be",
        "au-pcm_s16be",
        "caf-pcm_s16le",
        "flac-flac",
        "mp4-flac",
        "mp4-pcm_s16le",
        "ogg-flac",
        "webm-flac",
    ],
)
def test_lossless_formats_are_exact(name: str) -> None:
    np.testing.assert_array_equal(decode(container("auto"), [file(name)]), speech(3.0))


def test_decoders_leave_no_thread_behind() -> None:
    before = threading.active_count()
    decoders = [container("auto") for _ in range(50)]
    for decoder in decoders:
        decoder.push(file("webm-libopus-live")[:2_000])
    assert threading.active_count() == before
