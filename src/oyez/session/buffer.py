"""A window on a stream of samples, addressed by their index in the stream."""

import numpy as np

from oyez.engines.base import Samples


class SampleBuffer:
    """Keeps the samples from `start` to `end`; older ones are dropped when told so."""

    def __init__(self) -> None:
        self._data: Samples = np.empty(0, np.float32)
        self._offset = 0
        """Index in `_data` of the sample at `start`."""
        self.start = 0
        """Stream index of the oldest sample kept."""
        self.end = 0
        """Stream index after the newest sample."""

    def append(self, samples: Samples) -> None:
        """Add samples at the end."""
        held = self.end - self.start
        needed = held + len(samples)
        if self._offset + needed > len(self._data):
            # Growing by half again keeps appending cheap; the copy also drops what was let go.
            data = np.empty(max(needed + needed // 2, 16_384), np.float32)
            data[:held] = self._data[self._offset : self._offset + held]
            self._data, self._offset = data, 0
        self._data[self._offset + held : self._offset + needed] = samples
        self.end += len(samples)

    def read(self, start: int, end: int) -> Samples:
        """Return a copy of the samples from stream index `start` to `end`.

        Raises:
            IndexError: Some of them are not here.
        """
        if not self.start <= start <= end <= self.end:
            raise IndexError(
                f"samples {start} to {end} are not in the buffer of {self.start} to {self.end}"
            )
        first = self._offset + start - self.start
        return self._data[first : first + end - start].copy()

    def drop_before(self, index: int) -> None:
        """Let go of the samples before stream index `index`."""
        index = min(index, self.end)
        if index > self.start:
            self._offset += index - self.start
            self.start = index
