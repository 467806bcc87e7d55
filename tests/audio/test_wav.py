import contextlib
import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.errors import AudioError

from .pieces import chunk, container, cuts, decode, every, fmt, pieces, raw, s16, wav

SUBFORMAT_TAIL = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"
VALUES = [0, 1, -1, 1000, -32768, 32767, 7]
SAMPLES = [value / 32768 for value in VALUES]


def extensible(tag: int, valid_bits: int, tail: bytes = SUBFORMAT_TAIL) -> bytes:
    return struct.pack("<HHIH", 22, valid_bits, 0, tag) + tail


def written_by_python(width: int, channels: int, rate: int, data: bytes) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        writer.writeframes(data)
    return file.getvalue()


@pytest.mark.parametrize("name", ["wav", "auto"])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
@given(
    data=st.binary(max_size=300),
    channels=st.integers(1, 3),
    rate=st.sampled_from([8_000, 16_000, 44_100, 48_000]),
    lengths=cuts,
)
def test_a_wav_gives_the_samples_of_its_raw_data(
    name: str, width: int, data: bytes, channels: int, rate: int, lengths: list[int]
) -> None:
    data = data[: len(data) - len(data) % (width * channels)] or b"\x01" * width * channels
    raw_name = {1: "pcm_u8", 2: "pcm_s16le", 3: "pcm_s24le", 4: "pcm_s32le"}[width]
    file = written_by_python(width, channels, rate, data)
    expected = decode(raw(raw_name, rate, channels), [data]).tobytes()
    assert decode(container(name), [file]).tobytes() == expected
    assert decode(container(name), pieces(file, lengths)).tobytes() == expected
    assert decode(container(name), every(file, 1)).tobytes() == expected


@pytest.mark.parametrize(
    ("header", "raw_name"),
    [
        (fmt(3, bits=32), "pcm_f32le"),
        (fmt(3, bits=64), "pcm_f64le"),
        (fmt(6, bits=8, extra=b"\0\0"), "alaw"),
        (fmt(7, bits=8, extra=b"\0\0"), "mulaw"),
        (fmt(1, bits=20), "pcm_s24le"),
        (fmt(1, bits=12), "pcm_s16le"),
        (fmt(0xFFFE, bits=24, extra=extensible(1, 20)), "pcm_s24le"),
        (fmt(0xFFFE, bits=32, extra=extensible(3, 32)), "pcm_f32le"),
    ],
)
def test_codings(header: bytes, raw_name: str) -> None:
    data = struct.pack("<6d", 0.5, -0.25, 1e-3, -1.0, 0.125, 0.75)
    samples = decode(container("wav"), every(wav(header, chunk(b"data", data)), 7))
    np.testing.assert_array_equal(samples, decode(raw(raw_name), [data]))


def test_big_endian_files() -> None:
    data = chunk(b"data", s16(VALUES, ">"), order=">")
    file = wav(fmt(order=">"), data, magic=b"RIFX")
    assert decode(container("auto"), every(file, 5)).tolist() == SAMPLES


@pytest.mark.parametrize("name", ["wav", "auto"])
def test_other_chunks_are_passed_over(name: str) -> None:
    file = wav(
        chunk(b"JUNK", b"odd"),
        chunk(b"bext", b"fmt " * 50_001),
        chunk(b"note", b""),
        fmt(),
        chunk(b"fact", struct.pack("<I", len(VALUES))),
        chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf\0"),
        chunk(b"data", s16(VALUES)),
        chunk(b"LIST", b"\x7f" * 501),
        b"and more",
    )
    for length in (1, 3, 1000, len(file)):
        decoder = container(name)
        held = 0
        samples = []
        for part in every(file, length):
            samples.extend(decoder.push(part).tolist())
            held = max(held, decoder.bytes_held)
        assert samples + decoder.flush().tolist() == SAMPLES
        assert held < 100


def test_an_odd_data_chunk_leaves_its_padding_out() -> None:
    file = wav(fmt(bits=8), chunk(b"data", b"\x80\xc0\x00"), chunk(b"LIST", b"x" * 9))
    assert decode(container("wav"), [file]).tolist() == [0, 0.5, -1]


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 36])
def test_streamed_files_last_until_the_end(size: int) -> None:
    file = wav(fmt(), chunk(b"data", s16(VALUES), size=size))
    assert decode(container("wav"), every(file, 11)).tolist() == SAMPLES


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
@pytest.mark.parametrize("stated", [2 * len(VALUES), 0, 0xFFFFFFFFFFFFFFFF])
def test_64_bit_sizes(magic: bytes, stated: int) -> None:
    sizes = struct.pack("<QQQI", 0, stated, len(VALUES), 0)
    trailer = chunk(b"LIST", b"abcd") if stated == 2 * len(VALUES) else b""
    data = chunk(b"data", s16(VALUES), size=0xFFFFFFFF)
    file = wav(chunk(b"ds64", sizes), fmt(), data, trailer, magic=magic)
    assert decode(container("auto"), every(file, 13)).tolist() == SAMPLES


def test_data_cut_short_is_no_error() -> None:
    file = wav(fmt(), chunk(b"data", s16(VALUES)))[:-3]
    assert decode(container("wav"), [file]).tolist() == SAMPLES[:-2]


def test_audio_comes_as_soon_as_it_arrives() -> None:
    decoder = container("auto")
    header = wav(fmt(), b"data\xff\xff\xff\xff")
    assert not len(decoder.push(header))
    assert not decoder.saw_audio
    assert decoder.push(b"\x00\x40\x00").tolist() == [0.5]
    assert decoder.saw_audio
    assert decoder.bytes_held == 1


@pytest.mark.parametrize("name", ["wav", "auto"])
@pytest.mark.parametrize("length", [1, 3, 11, 12, 15, 16, 20, 40, 43])
def test_a_file_that_ends_in_its_header_is_refused(name: str, length: int) -> None:
    file = wav(fmt(), chunk(b"data", s16(VALUES)))[:length]
    decoder = container(name)
    with pytest.raises(AudioError, match=r"before its data chunk|not recognised"):
        decode(decoder, every(file, 4))
    assert not decoder.saw_audio


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"OggS" + bytes(20), "looks like Ogg"),
        (b"RIFF\x00\x00\x00\x00AVI " + bytes(20), "RIFF WAVE header"),
        (wav(fmt(channels=0)), "0 channels"),
        (wav(fmt(channels=65535)), "65535 channels"),
        (wav(fmt(rate=0)), "0 Hz"),
        (wav(fmt(rate=0xFFFFFFFF)), "4294967295 Hz"),
        (wav(fmt(bits=0)), "0 bits"),
        (wav(fmt(bits=40)), "40 bits"),
        (wav(fmt(bits=65535, frame_bytes=1)), "65535 bits"),
        (wav(fmt(3, bits=16)), "0x0003 with 16 bits"),
        (wav(fmt(7, bits=16)), "0x0007 with 16 bits"),
        (wav(fmt(0x57, bits=4)), "0x0057"),
        (wav(fmt(0x11, bits=4, frame_bytes=0)), "blocks of no bytes"),
        (wav(fmt(0x11, bits=4), chunk(b"data", b"abcd")), "without any audio"),
        (wav(fmt(frame_bytes=3)), "contradicts itself"),
        (wav(fmt(frame_bytes=0)), "contradicts itself"),
        (wav(fmt(0xFFFE, bits=16)), "extensible"),
        (wav(fmt(0xFFFE, bits=16, extra=extensible(1, 16, b"?" * 14))), "extensible"),
        (wav(chunk(b"fmt ", b"\x01\0" * 7)), "14 bytes"),
        (wav(chunk(b"fmt ", b"", size=0xFFFFFFFF)), "4294967295 bytes"),
        (wav(chunk(b"data", b"abcd")), "before its fmt chunk"),
        (wav(fmt(), chunk(b"JUNK", bytes(5 << 20))), "first 4 MiB"),
        (wav(fmt(), *[chunk(b"JUNK", bytes(1000))] * 5000), "first 4 MiB"),
    ],
)
def test_broken_files_are_refused_however_they_are_cut(file: bytes, words: str) -> None:
    for length in (1,) if len(file) < 100 else (len(file), 65_536):
        with pytest.raises(AudioError, match=words):
            decode(container("wav"), every(file, length))
    with pytest.raises(AudioError, match=words):
        decode(container("wav"), [file])


@given(noise=st.binary(max_size=200), lengths=cuts)
def test_noise_in_the_header_raises_nothing_else(noise: bytes, lengths: list[int]) -> None:
    with contextlib.suppress(AudioError):
        decode(container("wav"), pieces(b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + noise, lengths))
