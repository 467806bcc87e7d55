import pytest
from hypothesis import given
from hypothesis import strategies as st

from oyez.audio.sniff import recognise
from oyez.errors import AudioError
from oyez.protocol.audio_formats import CONTAINER_FORMATS

from .pieces import chunk, container, decode, every, fmt, s16, wav

HEADS = [
    ("ogg", b"OggS\x00\x02"),
    ("webm", b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81"),
    ("flac", b"fLaC\x00\x00\x00\x22"),
    ("mp3", b"\xff\xfb\x90\x64"),
    ("mp3", b"\xff\xf3\x40\xc0"),
    ("aac", b"\xff\xf1\x50\x80"),
    ("aac", b"\xff\xf9\x4c\x80"),
    ("amr", b"#!AMR\n"),
    ("amr", b"#!AMR-WB\n"),
    ("aiff", b"FORM\x00\x00\x10\x00AIFFCOMM"),
    ("aiff", b"FORM\x00\x00\x10\x00AIFCFVER"),
    ("asf", bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),
    ("mp4", b"\x00\x00\x00\x1cftypM4A "),
    ("caf", b"caff\x00\x01\x00\x00"),
    ("wav", b"RIFF\x24\x00\x00\x00WAVEfmt "),
    ("wav", b"RF64\xff\xff\xff\xffWAVEds64"),
]
UNKNOWN = [
    b"\x00" * 16,
    b'{"type":"keepalive"}',
    b"RIFF\x00\x00\x00\x00AVI LIST",
    b"FORM\x00\x00\x00\x00ILBMBMHD",
    b"\xff" * 16,
    b"\xff\xe8\xff\xff" * 4,
    b"Og",
    b"",
]


@pytest.mark.parametrize(("name", "head"), HEADS)
def test_containers_are_recognised(name: str, head: bytes) -> None:
    assert recognise(head.ljust(16, b"\0")) == name


@pytest.mark.parametrize("head", UNKNOWN)
def test_other_bytes_are_not(head: bytes) -> None:
    assert recognise(head) is None


@given(head=st.binary(max_size=16))
def test_any_bytes_are_recognised_or_not(head: bytes) -> None:
    assert recognise(head) in {None, "mp4", "caf", *CONTAINER_FORMATS}


@pytest.mark.parametrize("head", [head for head in UNKNOWN if head])
@pytest.mark.parametrize("length", [1, 100])
def test_bytes_not_recognised_are_refused(head: bytes, length: int) -> None:
    with pytest.raises(AudioError, match="not recognised") as refusal:
        decode(container("auto"), every(head, length))
    assert head[:16].hex(" ") in refusal.value.problem


def test_recognition_waits_for_enough_bytes() -> None:
    decoder = container("auto")
    file = wav(fmt(), chunk(b"data", s16([1, 2, 3])))
    for at in range(15):
        assert not len(decoder.push(file[at : at + 1]))
        assert decoder.bytes_held == at + 1
    assert not decoder.saw_audio
    assert len(decoder.push(file[15:])) == 3
    assert decoder.saw_audio


def test_no_bytes_are_no_error() -> None:
    assert not len(decode(container("auto"), []))
    assert not len(decode(container("wav"), [b""]))
