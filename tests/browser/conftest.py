import asyncio
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engines import speech
from oyez.observe.logs import LOGGER_NAME

from .browser import Pages, bundle, chromium, serve_folder
from .microphone import write_microphone, write_wav
from .talks import Talks, hold_all

LOGGERS = (LOGGER_NAME, "uvicorn.error", "asyncio")


class Log(logging.Handler):
    """What the servers wrote while the talks were held."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def reasons(self) -> list[str]:
        """Why streams ended."""
        matches = [
            re.match(r"stream_ended .*\breason=(\w+)", record.getMessage())
            for record in self.records
        ]
        return [match[1] for match in matches if match is not None]

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Listen to the servers for a while."""
        loggers = [logging.getLogger(name) for name in LOGGERS]
        levels = [logger.level for logger in loggers]
        for logger in loggers:
            logger.setLevel(logging.INFO)
            logger.addHandler(self)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
                logger.removeHandler(self)


@pytest.fixture(scope="session")
def server_log() -> Log:
    return Log()


@pytest.fixture(scope="session")
def talks(server_log: Log, tmp_path_factory: pytest.TempPathFactory) -> Talks:
    """All talks, held once."""
    folder = tmp_path_factory.mktemp("talks")
    microphone, wav, raw = (folder / name for name in ("microphone.wav", "talk.wav", "talk.raw"))
    write_microphone(microphone)
    write_wav(wav, speech.sample("beckett.wav"), 16_000)
    raw.write_bytes(wav.read_bytes()[44:])
    bundle(folder / "pages")

    async def hold(home: str) -> Talks:
        async with chromium(microphone) as browser:
            return await hold_all(Pages(browser, home), microphone, wav, raw)

    with serve_folder(folder / "pages") as home, server_log.attached():
        return asyncio.run(hold(home))
