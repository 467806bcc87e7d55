import math
import struct
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oyez.audio import RAW_LAYOUTS, open_decoder
from oyez.errors import AudioError
from oyez.protocol import audio_formats

from .pieces import RAW_FORMATS, cuts, decode, every, pieces, raw


def reference(audio_format: str, data: bytes) -> list[float]:
    """Decode one sample after another, in Python's exact numbers."""
    kind, bits = audio_format[4], int("".join(c for c in audio_format if c.isdigit()))
    order: Literal["big", "little"] = "big" if audio_format.endswith("be") else "little"
    values = []
    for sample in every(data, bits // 8):
        if kind == "f":
            (value,) = struct.unpack((">" if order == "big" else "<") + "fd"[bits == 64], sample)
            values.append(0.0 if math.isnan(value) else max(-1.0, min(1.0, value)))
        else:
            code = int.from_bytes(sample, order, signed=kind == "s")
            half = 1 << (bits - 1)
            values.append((code if kind == "s" else code - half) / half)
    return values


def test_every_raw_format_of_the_protocol_has_a_layout() -> None:
    assert set(RAW_LAYOUTS) == audio_formats.RAW_FORMATS == set(RAW_FORMATS)


@pytest.mark.parametrize("audio_format", [f for f in RAW_FORMATS if f.startswith("pcm_")])
@given(data=st.binary(max_size=160))
def test_samples_are_exact(audio_format: str, data: bytes) -> None:
    width = RAW_LAYOUTS[audio_format].sample_bytes
    whole = data[: len(data) - len(data) % width]
    samples = decode(raw(audio_format), [data])
    assert samples.dtype == np.float32
    expected = np.array(reference(audio_format, whole), dtype=np.float64).astype(np.float32)
    np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize("audio_format", RAW_FORMATS)
@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (16_000, 3), (8_000, 2), (44_100, 1)])
@settings(max_examples=25)
@given(data=st.binary(max_size=400), lengths=cuts)
def test_samples_do_not_depend_on_how_the_bytes_were_cut(
    audio_format: str, rate: int, channels: int, data: bytes, lengths: list[int]
) -> None:
    whole = decode(raw(audio_format, rate, channels), [data])
    cut = decode(raw(audio_format, rate, channels), pieces(data, lengths))
    single = decode(raw(audio_format, rate, channels), every(data, 1))
    assert whole.tobytes() == cut.tobytes() == single.tobytes()


def test_known_values() -> None:
    assert decode(raw("pcm_s16le"), [b"\x00\x80\xff\x7f\x00\x00"]).tolist() == [
        -1,
        32767 / 32768,
        0,
    ]
    assert decode(raw("pcm_u8"), [b"\x00\x80\xff"]).tolist() == [-1, 0, 127 / 128]
    assert decode(raw("pcm_s24be"), [b"\x80\x00\x00\x00\x00\x01"]).tolist() == [-1, 2**-23]
    assert decode(raw("pcm_u32le"), [b"\x00\x00\x00\xc0"]).tolist() == [0.5]


@pytest.mark.parametrize(("name", "same_as"), [("s16le", "pcm_s16le"), ("f64be", "pcm_f64be")])
def test_names_without_their_prefix_are_understood(name: str, same_as: str) -> None:
    data = struct.pack("<4d", 0.1, -0.2, 0.3, 2.0)
    np.testing.assert_array_equal(decode(raw(name), [data]), decode(raw(same_as), [data]))


@pytest.mark.parametrize("code", ["<f", ">f", "<d", ">d"])
def test_strange_floats_are_tamed(code: str) -> None:
    values = [math.nan, math.inf, -math.inf, 1.5, -7.0, 0.25]
    data = b"".join(struct.pack(code, value) for value in values)
    signalling = {"f": 0x7F800001, "d": 0x7FF0000000000001}[code[1]]
    data += signalling.to_bytes(struct.calcsize(code), "little" if code[0] == "<" else "big")
    name = f"pcm_f{8 * struct.calcsize(code)}{'le' if code[0] == '<' else 'be'}"
    assert decode(raw(name), [data]).tolist() == [0, 1, -1, 1, -1, 0.25, 0]


def test_mulaw_has_the_values_of_g711() -> None:
    """G.711 table 2a in 14 bits, times 4: segment ends, and both codes of zero."""
    codes = [0x80, 0x8F, 0x9F, 0xAF, 0xBF, 0xCF, 0xDF, 0xEF, 0xFE, 0xFF, 0x7F, 0x00]
    values = [8031, 4191, 2079, 1023, 495, 231, 99, 33, 2, 0, 0, -8031]
    samples = decode(raw("mulaw", 8_000, target=8_000), [bytes(codes)])
    assert (samples * 8192).tolist() == values


def test_alaw_has_the_values_of_g711() -> None:
    """G.711 table 1a in 13 bits, times 8: codes with their even bits inverted."""
    character_signals = [0xFF, 0xF0, 0xEF, 0xE0, 0xDF, 0xCF, 0xC0, 0xA0, 0x90, 0x80, 0x7F, 0x00]
    values = [4032, 2112, 1984 + 32, 1056, 1008, 504, 264, 66, 33, 1, -4032, -1]
    codes = bytes(code ^ 0x55 for code in character_signals)
    samples = decode(raw("alaw", 8_000, target=8_000), [codes])
    assert (samples * 4096).tolist() == values


@pytest.mark.parametrize(("name", "levels"), [("mulaw", 255), ("alaw", 256)])
def test_companded_codes_are_symmetric_and_distinct(name: str, levels: int) -> None:
    samples = decode(raw(name), [bytes(range(256))])
    assert len(set(samples.tolist())) == levels
    np.testing.assert_array_equal(np.sort(samples), -np.sort(samples)[::-1])


@pytest.mark.parametrize("channels", [1, 2, 5, 8, 17, 64])
def test_channels_are_mixed_by_their_mean(channels: int) -> None:
    rng = np.random.default_rng(channels)
    frames = rng.integers(-(2**15), 2**15, (100, channels))
    samples = decode(raw("pcm_s16le", channels=channels), [frames.astype("<i2").tobytes()])
    expected = (frames / 2**15).mean(axis=1)
    np.testing.assert_allclose(samples, expected, atol=1e-7)


def test_opposite_channels_cancel() -> None:
    data = struct.pack("<4h", 1000, -1000, -32768, 32767)
    assert decode(raw("pcm_s16le", channels=2), [data]).tolist() == [0, -0.5 / 32768]


def test_bytes_held_and_saw_audio() -> None:
    decoder = raw("pcm_s24le", channels=2)
    assert (decoder.bytes_held, decoder.saw_audio) == (0, False)
    assert not len(decoder.push(b"\x01" * 5))
    assert (decoder.bytes_held, decoder.saw_audio) == (5, False)
    assert len(decoder.push(b"\x01" * 8)) == 2
    assert (decoder.bytes_held, decoder.saw_audio) == (1, True)
    assert not len(decoder.flush())
    assert decoder.bytes_held == 0


def test_no_audio_gives_no_samples() -> None:
    assert not len(decode(raw("pcm_s16le", 8_000), []))
    assert not len(decode(raw("pcm_s16le", 8_000), [b""]))


def test_samples_given_are_not_changed_later() -> None:
    """A caller may keep what it was given."""
    decoder = raw("pcm_s16le")
    data = bytearray(b"\x00\x40" * 10)
    first = decoder.push(bytes(data))
    decoder.push(b"\xff\x7f" * 10)
    assert first.tolist() == [0.5] * 10


@pytest.mark.parametrize(
    ("rate", "channels", "words"),
    [
        (None, 1, "sample rate"),
        (16_000, None, "number of channels"),
        (0, 1, "0 Hz"),
        (-8_000, 1, "-8000 Hz"),
        (10**9, 1, "1000000000 Hz"),
        (16_000, 0, "0 channels"),
        (16_000, 65, "65 channels"),
    ],
)
def test_a_raw_shape_that_cannot_be_meant_is_refused(
    rate: int | None, channels: int | None, words: str
) -> None:
    with pytest.raises(AudioError, match=words):
        open_decoder("pcm_s16le", sample_rate_hz=rate, num_channels=channels, target_rate_hz=16_000)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AudioError, match="'pcm_s12le'"):
        raw("pcm_s12le")
