"""How many streams were open at a time, and when."""

from collections.abc import Sequence
from typing import Final, get_args

from sqlalchemy import func, select

from oyez.errors import OyezValidationError
from oyez.store import schema
from oyez.store.database import Database
from oyez.store.records import HistoryEntry, HistoryPeriod

SLOTS: Final[dict[HistoryPeriod, int]] = {60: 1, 3600: 60, 86400: 24}
"""Slots of each period: a minute, the minutes of an hour, the hours of a day."""
MAX_PERIODS: Final = 11_000
_MINUTES: Final = schema.minutes.c


class History:
    """The part of `oyez.store.base.Store` that remembers peaks, whose docstrings hold here too."""

    _database: Database

    def concurrency_history(
        self, project: str, *, start_ms: int, end_ms: int, period_s: HistoryPeriod
    ) -> Sequence[HistoryEntry]:
        """Return every period that starts in the window."""
        if period_s not in SLOTS:
            known = ", ".join(map(str, get_args(HistoryPeriod)))
            raise OyezValidationError(f"period_s must be one of {known}, not {period_s}.")
        if end_ms < start_ms:
            raise OyezValidationError("The window ends before it starts.")
        period_ms = 1000 * period_s
        first_ms = -(-start_ms // period_ms) * period_ms
        starts = range(first_ms, end_ms, period_ms)
        if len(starts) > MAX_PERIODS:
            raise OyezValidationError(
                f"The window has {len(starts)} periods, and {MAX_PERIODS} is the most: "
                "shorten it, or choose a longer period."
            )
        found = self._peaks(project, first_ms, first_ms + len(starts) * period_ms, period_s)
        return tuple(
            found.get(start) or HistoryEntry(start, period_s, 0, 0, 0, 0, 0) for start in starts
        )

    def _peaks(
        self, project: str, start_ms: int, end_ms: int, period_s: HistoryPeriod
    ) -> dict[int, HistoryEntry]:
        period_ms = 1000 * period_s
        slot_ms = period_ms // SLOTS[period_s]
        slot = (_MINUTES.minute_ms // slot_ms).label("slot")
        slots = (
            select(slot, func.max(_MINUTES.peak).label("peak"))
            .where(
                _MINUTES.project == project,
                _MINUTES.minute_ms >= start_ms,
                _MINUTES.minute_ms < end_ms,
            )
            .group_by(slot)
            .subquery()
        )
        period = (slots.c.slot // SLOTS[period_s]).label("period")
        peak = slots.c.peak
        query = select(period, func.max(peak), func.sum(peak), func.count()).group_by(period)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return {
            number * period_ms: HistoryEntry(
                period_start_ms=number * period_ms,
                period_s=period_s,
                sample_min=0,
                sample_max=highest,
                sample_sum=int(total),
                sample_count=count,
                total_count=SLOTS[period_s],
            )
            for number, highest, total, count in rows
        }
