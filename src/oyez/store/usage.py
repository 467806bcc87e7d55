"""Records of finished streams, in pages and summed up."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, func, select, tuple_

from oyez.errors import InvalidCursorError, OyezValidationError
from oyez.store import schema
from oyez.store.checks import check_length, check_project, check_range, storable
from oyez.store.cursor import MAX_INTEGER, Position, decode
from oyez.store.database import Database
from oyez.store.records import UsageDay, UsageOrder, UsagePage, UsageRecord

DAY_MS: Final = 86_400_000
MAX_PAGE: Final = 1000
COUNTS: Final = (
    "input_text_tokens",
    "input_audio_tokens",
    "input_audio_duration_ms",
    "output_text_tokens",
    "output_audio_tokens",
    "output_audio_duration_ms",
)
_USAGE: Final = schema.usage.c


class Usage:
    """The part of `oyez.store.base.Store` that keeps usage, whose docstrings hold here too."""

    _database: Database

    def record_usage(self, record: UsageRecord) -> None:
        """Keep the record of a finished stream."""
        if record.end_ms < record.start_ms:
            raise OyezValidationError("A stream cannot end before it starts.")
        for name in ("start_ms", *COUNTS):
            check_range(name, getattr(record, name), 0, MAX_INTEGER)
        row = dataclasses.asdict(record) | {
            "uuid": check_length("uuid", record.uuid, 1, 64),
            "project": check_project(record.project),
            "request_scope": check_length("request_scope", record.request_scope, 1, 32),
            "api_key_id": record.api_key_id
            and check_length("api_key_id", record.api_key_id, 1, 36),
            "client_reference_id": storable(record.client_reference_id),
            "model": storable(record.model),
        }
        with self._database.writing() as connection:
            connection.execute(self._database.upsert(schema.usage).on_conflict_do_nothing(), row)

    def usage_page(
        self,
        project: str,
        *,
        start_ms: int,
        end_ms: int,
        limit: int = MAX_PAGE,
        order: UsageOrder = "end_time_asc",
        cursor: str | None = None,
    ) -> UsagePage:
        """Return records of streams that ended in a window."""
        check_range("limit", limit, 1, MAX_PAGE)
        place = tuple_(_USAGE.end_ms, _USAGE.uuid)
        query = select(schema.usage).where(
            _USAGE.project == project, _USAGE.end_ms >= start_ms, _USAGE.end_ms < end_ms
        )
        if cursor:
            last = decode(cursor, order)
            if last is None:
                raise InvalidCursorError(
                    self._database.name,
                    "the cursor is none of its own, or belongs to the other order. Use "
                    "next_page_cursor of the page before, or none to begin.",
                )
            here = tuple_(last.end_ms, last.uuid)
            query = query.where(place > here if order == "end_time_asc" else place < here)
        columns = (_USAGE.end_ms, _USAGE.uuid)
        if order == "end_time_asc":
            query = query.order_by(*columns)
        else:
            query = query.order_by(*(column.desc() for column in columns))
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
        records = tuple(_record(row) for row in rows[:limit])
        if len(rows) <= limit:
            return UsagePage(records, None)
        last_shown = records[-1]
        return UsagePage(records, Position(order, last_shown.end_ms, last_shown.uuid).encode())

    def usage_summary(self, project: str, *, start_ms: int, end_ms: int) -> Sequence[UsageDay]:
        """Sum up streams that ended in the window, by day and model."""
        day = _USAGE.end_ms // DAY_MS
        query = (
            select(
                day.label("day"),
                _USAGE.model,
                func.count().label("num_requests"),
                func.sum(_USAGE.end_ms - _USAGE.start_ms).label("duration_ms"),
                *(func.sum(_USAGE[name]).label(name) for name in COUNTS),
            )
            .where(_USAGE.project == project, _USAGE.end_ms >= start_ms, _USAGE.end_ms < end_ms)
            .group_by(day, _USAGE.model)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        days = (
            UsageDay(
                day_start_ms=row.day * DAY_MS,
                model=row.model,
                num_requests=row.num_requests,
                duration_ms=int(row.duration_ms),
                # PostgreSQL's sums of 64-bit integers are decimals.
                **{name: int(getattr(row, name)) for name in COUNTS},
            )
            for row in rows
        )
        # Sorted here, because databases do not agree on the order of text.
        return tuple(sorted(days, key=lambda item: (item.day_start_ms, item.model)))


def _record(row: Row[Any]) -> UsageRecord:
    return UsageRecord(**{name: getattr(row, name) for name in UsageRecord.__slots__})
