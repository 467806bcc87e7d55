"""Connections to PostgreSQL on which nothing waits for ever."""

from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from sqlalchemy import Engine, event

_Result = TypeVar("_Result")
_INTERVAL_S: Final = 0.1
"""How often a wait looks whether its time is over."""


def bound_waits(engine: Engine, *, limit_s: float) -> None:
    """Let each exchange with the server take so long and no longer.

    The server bounds its statements itself, as long as it runs: one that is frozen, or whose disk
    is, keeps its sockets open and says nothing.
    """

    class Bounded(psycopg.Connection[TupleRow]):
        def wait(
            self,
            gen: PQGen[_Result],
            interval: float = _INTERVAL_S,
            timeout: float | None = None,
        ) -> _Result:
            try:
                return super().wait(gen, interval, limit_s if timeout is None else timeout)
            except psycopg.errors._WaitTimeout:  # noqa: SLF001 - the public exceptions are others
                # Nobody knows what the server will answer once it does.
                self.close()
                raise psycopg.OperationalError(
                    f"the server did not answer within {limit_s:g} s"
                ) from None

    def connect(
        _dialect: object, _record: object, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> Bounded:
        return Bounded.connect(*arguments, **options)

    event.listen(engine, "do_connect", connect)
