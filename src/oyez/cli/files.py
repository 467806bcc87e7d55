"""Audio files that a user names: whether they can be read, and how long they last."""

from pathlib import Path
from typing import Final

from oyez.cli.problems import Problem
from oyez.errors import AudioError

READ_BYTES: Final = 1 << 20


def check_file(path: Path) -> None:
    """Refuse what cannot be audio before anything is sent.

    Raises:
        Problem: There is no such file, it cannot be read, or it is empty.
    """
    try:
        if path.is_dir():
            raise Problem(f"{path}: this is a folder; name the files in it.")
        with path.open("rb") as handle:
            is_empty = not handle.read(1)
    except FileNotFoundError:
        raise Problem(f"{path}: there is no such file.") from None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Problem(f"{path}: it cannot be read ({reason}).") from None
    if is_empty:
        raise Problem(f"{path}: the file is empty.")


def duration_s(path: Path) -> float | None:
    """Return how long a WAV file lasts, or None for audio that does not tell."""
    from oyez.client.durations import meter_for

    meter = meter_for("wav", None, None)
    seconds = 0.0
    with path.open("rb") as handle:
        try:
            while data := handle.read(READ_BYTES):
                seconds = meter.push(data)
        except AudioError:
            return None
    return seconds or None


def require_duration(path: Path) -> float:
    """Return how long a file lasts; the pace of speech cannot be kept without it.

    Raises:
        Problem: The file cannot be read, or is no WAV file with samples.
    """
    check_file(path)
    seconds = duration_s(path)
    if seconds is None:
        raise Problem(
            f"{path}: only WAV files tell how fast they must be played. "
            f"Convert it: ffmpeg -i {path.name} -ac 1 -ar 16000 {path.stem}.wav"
        )
    return seconds
