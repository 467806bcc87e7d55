"""What fits into a frame: audio in pieces, and first frames as they are."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from oyez.errors import OyezValidationError

BytesLike: TypeAlias = bytes | bytearray | memoryview
RawStart: TypeAlias = Mapping[str, Any] | str | bytes
"""A first frame: an object to be written as JSON, text as it is, or bytes for a binary frame."""

MAX_FRAME_BYTES: Final = 64 * 1024
"""Longest audio frame that `send_bytes` makes of a longer piece: two seconds of 16 kHz speech,
far below every server's limit, and short enough to leave before the send timeout."""


def as_bytes(chunk: BytesLike) -> bytes:
    """Return a chunk of audio as bytes.

    Raises:
        OyezValidationError: It is something else.
    """
    if not isinstance(chunk, bytes | bytearray | memoryview):
        raise OyezValidationError(
            f"Audio must be bytes, bytearray or memoryview, not {type(chunk).__name__}."
        )
    return bytes(chunk)


def pieces_of(chunks: BytesLike | Iterable[BytesLike]) -> Iterable[BytesLike]:
    """Return audio given in one piece or in several as several."""
    return (chunks,) if isinstance(chunks, bytes | bytearray | memoryview) else chunks


def frames_of(piece: BytesLike) -> Iterator[bytes]:
    """Cut a piece of audio into frames."""
    data = as_bytes(piece)
    for offset in range(0, len(data), MAX_FRAME_BYTES):
        yield data[offset : offset + MAX_FRAME_BYTES]


def raw_frame(start: RawStart) -> str | bytes:
    """Return a first frame as it is sent.

    Raises:
        OyezValidationError: No frame can hold it.
    """
    if isinstance(start, str | bytes):
        return start
    if not isinstance(start, Mapping):
        raise OyezValidationError(
            f"raw_start must be a dict, str or bytes, not {type(start).__name__}."
        )
    try:
        return json.dumps(dict(start))
    except (TypeError, ValueError, RecursionError) as error:
        raise OyezValidationError(f"raw_start cannot be written as JSON: {error}.") from error
