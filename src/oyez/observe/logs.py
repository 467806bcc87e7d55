"""Structured logs: one event a line, with facts. Never audio, transcripts or keys."""

import logging
from typing import Final

LOGGER_NAME: Final = "oyez"


class EventLog:
    """Writes events with a name and facts to the standard logger."""

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger(LOGGER_NAME)

    def info(self, event: str, **facts: object) -> None:
        """Log what happened."""
        self._write(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        """Log what somebody should look at."""
        self._write(logging.WARNING, event, facts)

    def failure(self, event: str, error: BaseException, **facts: object) -> None:
        """Log what went wrong, with its traceback."""
        self._logger.error("%s", _line(event, facts), exc_info=error)

    def _write(self, level: int, event: str, facts: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", _line(event, facts))


def configure(level: str = "INFO") -> None:
    """Send oyez's log to standard error, a line an event.

    Args:
        level: Name of a level of the standard logging module.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger(LOGGER_NAME)
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


def _line(event: str, facts: dict[str, object]) -> str:
    return " ".join([event, *(f"{name}={_value(value)}" for name, value in facts.items())])


def _value(value: object) -> str:
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    is_plain = text.isprintable() and " " not in text and text != ""
    return text if is_plain else ascii(text)
