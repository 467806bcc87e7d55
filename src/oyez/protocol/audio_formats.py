"""Names of audio formats in a start message."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

RawFormat: TypeAlias = Literal[
    "pcm_s8",
    "pcm_s8le",
    "pcm_s8be",
    "pcm_s16le",
    "pcm_s16be",
    "pcm_s24le",
    "pcm_s24be",
    "pcm_s32le",
    "pcm_s32be",
    "pcm_u8",
    "pcm_u8le",
    "pcm_u8be",
    "pcm_u16le",
    "pcm_u16be",
    "pcm_u24le",
    "pcm_u24be",
    "pcm_u32le",
    "pcm_u32be",
    "pcm_f32le",
    "pcm_f32be",
    "pcm_f64le",
    "pcm_f64be",
    "mulaw",
    "alaw",
]
"""Headerless formats: the start message must give `sample_rate` and `num_channels`."""

ContainerFormat: TypeAlias = Literal[
    "aac", "aiff", "amr", "asf", "au", "caf", "flac", "m4a", "mp3", "mp4", "ogg", "wav", "webm"
]
"""Formats whose header says the rest. The protocol has no au, caf, m4a and mp4 in streams."""

AudioFormat: TypeAlias = Literal["auto", ContainerFormat, RawFormat]

RAW_FORMATS: Final[frozenset[str]] = frozenset(get_args(RawFormat))
CONTAINER_FORMATS: Final[frozenset[str]] = frozenset(get_args(ContainerFormat))

LEGACY_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        name.removeprefix("pcm_"): name
        for name in get_args(RawFormat)
        if name.startswith("pcm_") and name.endswith(("le", "be"))
    }
)
"""Names of 2025, such as ``s16le``, that some clients still send."""


def canonical_format(name: str) -> str | None:
    """Return today's name of an audio format, or None when nobody knows it."""
    name = LEGACY_NAMES.get(name, name)
    known = name == "auto" or name in CONTAINER_FORMATS or name in RAW_FORMATS
    return name if known else None
