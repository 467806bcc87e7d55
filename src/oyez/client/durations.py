"""How long audio lasts, told from its bytes while they pass."""

import re
from collections.abc import Mapping
from typing import Final, Protocol

from oyez.errors import AudioError, OyezValidationError
from oyez.protocol.audio_formats import RAW_FORMATS, canonical_format

_EXTENSIBLE_OR_PLAIN: Final = frozenset({1, 3, 6, 7, 0xFFFE})
"""Format tags (PCM, float, A-law, mu-law, extensible) whose rate follows from the sample layout."""
_UNKNOWN_SIZES: Final = frozenset({0, 0xFFFFFFFF})
"""Sizes that recorders write when they do not know the length: the data goes on to the end."""


class Meter(Protocol):
    """Counts the duration of the bytes that pass."""

    def push(self, chunk: bytes) -> float:
        """Take the next bytes and return the seconds of audio in all of them so far."""


class RawMeter:
    """Measures headerless audio.

    Args:
        audio_format: Canonical name of a raw format.
        sample_rate: In Hz.
        num_channels: Interleaved channels.
    """

    def __init__(self, audio_format: str, sample_rate: int, num_channels: int) -> None:
        self._bytes_per_s = sample_bytes(audio_format) * sample_rate * num_channels
        self._bytes = 0

    def push(self, chunk: bytes) -> float:
        """Take the next bytes and return the seconds of audio in all of them so far."""
        self._bytes += len(chunk)
        return self._bytes / self._bytes_per_s


class WavMeter:
    """Measures a WAV file by its header, which lasts no time, as do chunks after the samples."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._is_riff = False
        self._skip = 0
        self._bytes_per_s = 0
        self._data_left: float | None = None
        """Bytes of samples still to come; None before the first."""
        self._bytes = 0

    def push(self, chunk: bytes) -> float:
        """Take the next bytes and return the seconds of audio in all of them so far.

        Raises:
            AudioError: They are no WAV file.
        """
        if self._data_left is None:
            self._header += chunk
            chunk = self._read_header()
        if self._data_left:
            taken = min(len(chunk), self._data_left)
            self._data_left -= taken
            self._bytes += int(taken)
        return self._bytes / self._bytes_per_s if self._bytes else 0.0

    def _read_header(self) -> bytes:
        """Consume the header as far as it is here; return samples that came with its end."""
        header = self._header
        if not self._is_riff and not self._read_riff():
            return b""
        while True:
            skipped = min(self._skip, len(header))
            del header[:skipped]
            self._skip -= skipped
            if self._skip or len(header) < 8:
                return b""
            name, size = bytes(header[:4]), int.from_bytes(header[4:8], "little")
            if name == b"data":
                if not self._bytes_per_s:
                    raise AudioError("This WAV file has samples before their format.")
                self._data_left = float("inf") if size in _UNKNOWN_SIZES else size
                return bytes(header[8:])
            if name == b"fmt ":
                if len(header) < 24:
                    return b""
                self._read_format(bytes(header[8:24]))
            self._skip = 8 + size + size % 2

    def _read_riff(self) -> bool:
        header = self._header
        head = bytes(header[:4])
        if len(head) == 4 and head not in (b"RIFF", b"RF64"):
            raise AudioError(
                f"Real-time pace needs the duration, and audio that begins with {head!r} does not "
                "tell it: give WAV, or name a raw audio_format with sample_rate and num_channels, "
                "or use throttle_audio with a delay."
            )
        if len(header) < 12:
            return False
        if header[8:12] != b"WAVE":
            raise AudioError("This RIFF file is no WAV file.")
        del header[:12]
        self._is_riff = True
        return True

    def _read_format(self, fmt: bytes) -> None:
        tag, sample_rate, average, block = (
            int.from_bytes(fmt[start:stop], "little")
            for start, stop in ((0, 2), (4, 8), (8, 12), (12, 14))
        )
        self._bytes_per_s = sample_rate * block if tag in _EXTENSIBLE_OR_PLAIN else average
        if not self._bytes_per_s:
            raise AudioError("This WAV file says that its samples last no time.")


def sample_bytes(audio_format: str) -> int:
    """Return the size of one sample of one channel of a raw format."""
    bits = re.search(r"\d+", audio_format)
    return int(bits[0]) // 8 if bits else 1  # mulaw and alaw


def meter_for(audio_format: str | None, sample_rate: int | None, num_channels: int | None) -> Meter:
    """Return what measures this audio.

    Args:
        audio_format: A raw format, ``wav``, or ``auto`` or None for what the bytes say.
        sample_rate: In Hz, for raw formats.
        num_channels: For raw formats. WAV says both itself.

    Raises:
        OyezValidationError: The duration of this audio cannot be told.
    """
    name = canonical_format(audio_format or "auto")
    if name in RAW_FORMATS:
        given: Mapping[str, int | None] = {
            "sample_rate": sample_rate,
            "num_channels": num_channels,
        }
        missing = [field for field, value in given.items() if not value or value < 0]
        if missing or sample_rate is None or num_channels is None:
            raise OyezValidationError(
                f"Real-time pace needs the duration: {name} needs {' and '.join(missing)}."
            )
        return RawMeter(name, sample_rate, num_channels)
    if name not in ("auto", "wav"):
        raise OyezValidationError(
            f"Real-time pace needs the duration, which {audio_format!r} does not tell: give WAV "
            "or raw audio, or use throttle_audio with a delay."
        )
    return WavMeter()
