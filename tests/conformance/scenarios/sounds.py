"""Audio in every form."""

import itertools
import json
from typing import Any

import numpy as np

from conformance.encoded import (
    CONTAINERS,
    FRAGMENTED_MP4,
    RATE_HZ,
    RAW,
    Container,
    packed,
    speech,
)
from conformance.promises import holds
from conformance.wires import Frame, Wire, with_limits
from server.wire import END, FOX, Message, finals, fox_audio, pieces, start, text

LONG_MS = 4_000
SHORT_MS = 1_400
SHORT_TEXT = "The quick brown fox"
"""What is said by then; the next word begins at 1,200 ms and ends at 1,440."""


def container_start(audio_format: str) -> str:
    return json.dumps({"model": "stt-rt-v5", "audio_format": audio_format})


async def hears(
    wire: Wire, first: str, *frames: Frame | list[Frame] | list[bytes]
) -> list[Message]:
    async with wire.open() as line:
        await line.say(first, *frames, END)
        return await line.rest()


@holds("AUD-01")
async def chunks_have_any_size(wire: Wire) -> None:
    audio = fox_audio(SHORT_MS)
    whole = finals(await hears(wire, start(), audio))
    assert "".join(token["text"] for token in whole).startswith(SHORT_TEXT)
    for size in (7, 320, 3_840, 32_768):
        assert finals(await hears(wire, start(), pieces(audio, size))) == whole
    sizes = itertools.cycle([1, 0, 1_000, 2, 33, 40_000])
    odd, rest = list[bytes](), audio
    while rest:
        size = next(sizes)
        odd.append(rest[:size])
        rest = rest[size:]
    assert finals(await hears(wire, start(), odd)) == whole


@holds("AUD-02")
async def a_sample_may_be_split(wire: Wire) -> None:
    samples = (speech(SHORT_MS) * (2**31 - 1)).astype(">i4").tobytes()
    layout = {"audio_format": "pcm_s32be", "sample_rate": RATE_HZ, "num_channels": 1}
    whole = finals(await hears(wire, start(**layout), samples))
    assert whole
    for size in (1_001, 1_002, 1_003):
        assert finals(await hears(wire, start(**layout), pieces(samples, size))) == whole


@holds("AUD-03")
async def empty_audio_says_nothing(wire: Wire) -> None:
    first, *others = pieces(fox_audio(LONG_MS), 16_000)
    frames = [b"", first, b"", *others, b"", b""]
    assert text(await hears(wire, start(), frames)) == FOX


@holds("AUD-04")
async def every_encoding_gives_the_same_words(wire: Wire) -> None:
    assert len(RAW) == 20
    for name, encode in RAW.items():
        messages = await hears(wire, start(audio_format=name), encode(speech(LONG_MS)))
        assert text(messages) == FOX, name
        assert messages[-1]["total_audio_proc_ms"] == LONG_MS, name


@holds("AUD-05")
async def any_rate_is_taken(wire: Wire) -> None:
    for rate_hz in (8_000, 11_025, 22_050, 44_100, 48_000, 96_000):
        at = np.arange(LONG_MS * rate_hz // 1000) * (RATE_HZ / rate_hz)
        samples = np.interp(at, np.arange(LONG_MS * 16), speech(LONG_MS))
        audio = (samples * 32_767).astype("<i2").tobytes()
        messages = await hears(wire, start(sample_rate=rate_hz), audio)
        assert text(messages) == FOX, rate_hz
        assert abs(messages[-1]["total_audio_proc_ms"] - LONG_MS) <= 1, rate_hz


@holds("AUD-06")
async def channels_are_mixed(wire: Wire) -> None:
    one = (speech(LONG_MS) * 32_767).astype("<i2")
    none = np.zeros_like(one)
    for channels in ([one, one], [one, none], [none, one], [none, one, none, none, none, none]):
        audio = np.stack(channels, axis=1).tobytes()
        messages = await hears(wire, start(num_channels=len(channels)), audio)
        assert text(messages) == FOX
        assert messages[-1]["total_audio_proc_ms"] == LONG_MS


async def is_read(wire: Wire, kind: Container, names: tuple[str, ...]) -> None:
    audio = packed(kind, LONG_MS)
    for name in names:
        messages = await hears(wire, container_start(name), pieces(audio, 999))
        assert text(messages) == FOX, f"{kind.name} as {name}"
        assert abs(messages[-1]["total_audio_proc_ms"] - LONG_MS) <= 100, "codecs pad"


@holds("AUD-07")
async def wav_is_read(wire: Wire) -> None:
    (wav,) = (kind for kind in CONTAINERS if kind.audio_format == "wav")
    await is_read(wire, wav, ("wav", "auto"))


@holds("AUD-08")
async def every_container_is_read(wire: Wire) -> None:
    for kind in CONTAINERS:
        await is_read(wire, kind, (kind.audio_format, "auto"))
    await is_read(wire, FRAGMENTED_MP4, ("auto",))


@holds("AUD-09")
async def unrecognised_data_is_refused(wire: Wire) -> None:
    for data in (b"This is not audio at all.", bytes(range(1, 255)) * 20):
        async with wire.open() as line:
            await line.say(container_start("auto"), data)
            said = await line.refusal()
        assert "not recognised" in said
        assert "name a raw format" in said


@holds("AUD-10")
async def a_named_container_must_be_it(wire: Wire) -> None:
    (wav,) = (kind for kind in CONTAINERS if kind.audio_format == "wav")
    for name in sorted({kind.audio_format for kind in CONTAINERS} - {"wav"}):
        async with wire.open() as line:
            await line.say(container_start(name), packed(wav, LONG_MS), END)
            said = await line.refusal()
        assert "WAV" in said, f"{name}: {said}"


@holds("AUD-11", settings=with_limits(decode_timeout_s=0.6, idle_timeout_s=60.0))
async def audio_must_decode_in_time(wire: Wire) -> None:
    headers: dict[str, Any] = {"webm": b"\x1aE\xdf\xa3", "ogg": b"OggS\0", "auto": b"RIFF"}
    for name, beginning in headers.items():
        async with wire.open() as line:
            await line.say(container_start(name), beginning)
            said = await line.refusal(408, "request_timeout")
        assert "none of it could be decoded" in said


@holds("AUD-12")
async def a_recording_may_be_one_message(wire: Wire) -> None:
    messages = await hears(wire, start(), fox_audio(40_000))
    assert text(messages) == " ".join([FOX] * 10)


@holds("AUD-13")
async def junk_costs_a_piece(wire: Wire) -> None:
    for kind in CONTAINERS:
        if kind.audio_format not in ("mp3", "aac", "ogg", "webm", "flac"):
            continue
        audio = bytearray(packed(kind, 12_000))
        middle = len(audio) // 2
        audio[middle : middle + 300] = bytes(range(1, 51)) * 6
        messages = await hears(wire, container_start("auto"), pieces(bytes(audio), 4_000))
        assert text(messages).startswith(FOX), kind.name
        assert messages[-1]["finished"] is True
        assert messages[-1]["total_audio_proc_ms"] > 7_000, kind.name
