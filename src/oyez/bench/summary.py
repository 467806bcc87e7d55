"""The figures of a run in one list: what each is called, what it means, and how sure it is.

Every system that a result holds (a model, a remote server, a peer) is described by the same
metrics, so that results can be put beside each other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oyez.bench.endpoints import wilson
from oyez.bench.runs import Result

Parts = Mapping[str, Mapping[str, Any]]
"""Figures of one system by part; those of a peer are under `PEER`."""
PEER = "peer"
FEWEST_CLIPS = 5
"""So many are needed for an interval that is resampled over clips."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number and its spread, in the unit of its metric."""

    value: float
    low: float | None = None
    """95 % interval."""
    high: float | None = None
    p95: float | None = None
    """95th percentile, where the value is a median."""
    count: int | None = None
    """Measurements, words, clips or turns behind it."""

    def as_dict(self) -> dict[str, float | int]:
        """Return it for JSON."""
        named = {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "p95": self.p95,
            "count": self.count,
        }
        return {name: round(value, 4) for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that systems are compared by."""

    key: str
    """In JSON."""
    title: str
    unit: str
    meaning: str
    counted: str
    """What `Figure.count` counts."""
    find: Callable[[Parts], Figure | None]
    digits: int = 0

    def number(self, value: float) -> str:
        """Return a value as tables show it."""
        return f"{value:.{self.digits}f}"


@dataclass(frozen=True, slots=True)
class System:
    """One recogniser at one place."""

    name: str
    figures: Mapping[str, Figure]
    """By the key of the metric; what was not measured is missing."""
    unmet: Sequence[str] = ()
    """Keys of metrics that were measured, and nothing came within their budget."""
    is_remote: bool = False


def _latency(name: str, peers: str | None = None) -> Callable[[Parts], Figure | None]:
    """Return what finds a latency, in milliseconds."""

    def find(parts: Parts) -> Figure | None:
        found = parts.get("latency", {}).get("seconds", {}).get(name)
        if found is None and peers is not None:
            found = parts.get(PEER, {}).get("seconds", {}).get(peers)
        if found is None:
            return None
        low, high = found["p50_95"]
        return Figure(
            1000 * found["p50"], 1000 * low, 1000 * high, 1000 * found["p95"], found["count"]
        )

    return find


def _streamed(parts: Parts) -> Figure | None:
    found = parts.get("wer", {}).get("overall")
    if found:
        low, high = _spread(found, "streamed_95")
        return Figure(found["streamed_wer"], low, high, count=found["words"])
    peer = parts.get(PEER, {})
    if peer.get("wer") is not None:
        low, high = _spread(peer, "wer_95")
        return Figure(peer["wer"], low, high)
    return None


def _spread(found: Mapping[str, Any], name: str | None) -> tuple[float | None, float | None]:
    """Return an interval over clips; none of a few, which tell nothing of the next one."""
    if name is None or found["clips"] < FEWEST_CLIPS:
        return None, None
    low, high = found[name]
    return low, high


def _overall(name: str, spread: str | None = None) -> Callable[[Parts], Figure | None]:
    def find(parts: Parts) -> Figure | None:
        found = parts.get("wer", {}).get("overall", {})
        if name not in found:
            return None
        low, high = _spread(found, spread)
        return Figure(found[name], low, high, count=found["words"])

    return find


def _cut_off(budget_ms: int) -> Callable[[Parts], Figure | None]:
    def find(parts: Parts) -> Figure | None:
        found = parts.get("endpoints", {})
        name = found.get("best_within_ms", {}).get(str(budget_ms))
        if name is None:
            return None
        point = found["points"][name]
        count, total = min(point["false_ends"], point["pauses"]), point["pauses"]
        return Figure(100.0 * count / max(total, 1), *wilson(count, total), count=total)

    return find


def _upwr(parts: Parts) -> Figure | None:
    found = parts.get("latency", {})
    if not found.get("words"):
        return None
    return Figure(found["upwr"], count=found["words"])


def _cost(name: str, peers: str, scale: float = 1.0) -> Callable[[Parts], Figure | None]:
    def find(parts: Parts) -> Figure | None:
        for part, key in (("latency", name), ("wer", name), (PEER, peers)):
            value = parts.get(part, {}).get(key)
            if value is not None:
                return Figure(scale * value)
        return None

    return find


def _sessions(kind: str) -> Callable[[Parts], Figure | None]:
    def find(parts: Parts) -> Figure | None:
        found = parts.get("sessions", {}).get(kind)
        return None if not found else Figure(found["sessions"])

    return find


METRICS = (
    Metric(
        "wer_streamed",
        "word error rate, live",
        "%",
        "of 100 words said, how many came out wrong, were missed or made up",
        "words",
        _streamed,
        2,
    ),
    Metric(
        "wer_streamed_plain",
        "  by the letter",
        "%",
        'the same, where "21" for "twenty-one" is wrong, too',
        "words",
        _overall("streamed_plain_wer"),
        2,
    ),
    Metric(
        "wer_offline",
        "  read at once",
        "%",
        "the same, when the model reads each recording as a whole: its best",
        "words",
        _overall("offline_wer"),
        2,
    ),
    Metric(
        "wer_once",
        "  once",
        "%",
        "the same, without a second look where the model doubts itself",
        "words",
        _overall("once_wer"),
        2,
    ),
    Metric(
        "wer_offline_plain",
        "  at once, by the letter",
        "%",
        "both together",
        "words",
        _overall("offline_plain_wer"),
        2,
    ),
    Metric(
        "streaming_penalty",
        "streaming penalty",
        "points",
        "what it costs in word errors to answer while people speak",
        "words",
        _overall("difference", "difference_95"),
        2,
    ),
    Metric(
        "first_partial",
        "first partial",
        "ms",
        "someone begins to speak -> the first word is on the screen",
        "clips",
        _latency("first partial", "first words"),
    ),
    Metric(
        "word_shown",
        "word shown",
        "ms",
        "a word has been said -> it is on the screen, and may still change",
        "words",
        _latency("word shown"),
    ),
    Metric(
        "word_final",
        "word final",
        "ms",
        "a word has been said -> it will not change any more (emission lag)",
        "words",
        _latency("word final"),
    ),
    Metric(
        "ttfs",
        "TTFS",
        "ms",
        "someone stops speaking -> all is final, when asked after 200 ms",
        "clips",
        _latency("TTFS", "asked"),
    ),
    Metric(
        "finalize",
        "finalize round trip",
        "ms",
        "that question -> its answer: what a voice agent waits for",
        "clips",
        _latency("finalize"),
    ),
    Metric(
        "endpoint",
        "endpoint delay",
        "ms",
        "someone stops speaking -> the server says so by itself",
        "clips",
        _latency("endpoint"),
    ),
    Metric(
        "cut_off_300",
        "false cut-offs, 300 ms",
        "%",
        "pauses taken for the end of a turn, at the settings that notice ends within 300 ms",
        "pauses",
        _cut_off(300),
        1,
    ),
    Metric(
        "cut_off_600",
        "false cut-offs, 600 ms",
        "%",
        "the same at the settings that notice them within 600 ms",
        "pauses",
        _cut_off(600),
        1,
    ),
    Metric(
        "upwr",
        "unstable words (UPWR)",
        "",
        "words that changed on the screen, for each final word",
        "words",
        _upwr,
        2,
    ),
    Metric(
        "sessions_continuous",
        "sessions per core",
        "",
        "people who speak without a pause and are heard in time by one core",
        "",
        _sessions("continuous"),
    ),
    Metric(
        "sessions_40",
        "  at 40 % speech",
        "",
        "the same with the pauses of a conversation",
        "",
        _sessions("40 % speech"),
    ),
    Metric(
        "cpu_per_audio_s",
        "CPU",
        "s/s",
        "seconds of one core for each second of audio",
        "",
        _cost("server_cpu_per_audio_s", "cpu_per_audio_s"),
        3,
    ),
    Metric(
        "rss_mb",
        "memory",
        "MB",
        "resident memory of the server at its peak",
        "",
        _cost("server_rss_mb_max", "rss_mb"),
    ),
)


def systems_of(result: Result, *, prefix: str = "") -> list[System]:
    """Return what a result holds figures of: its models, then its peers.

    Args:
        result: As `runs.run` returns it, or as it was written.
        prefix: Of the names, where several results are put side by side.
    """
    about = result["about"]
    host = urlsplit(about["server"]).netloc
    models: dict[str, dict[str, Mapping[str, Any]]] = {}
    for label, figures in result["parts"].items():
        part, _, model = label.partition(" ")
        if part != "peers" and figures:
            models.setdefault(model or about["model"], {})[part] = figures
    systems = [
        System(
            f"{prefix}{name} at {host}" if host else prefix + name,
            _figures(parts),
            _unmet(parts),
            bool(host),
        )
        for name, parts in models.items()
    ]
    peers = result["parts"].get("peers", {})
    systems += [
        System(prefix + name, _figures({PEER: {**found, "clips": peers["clips"]}}))
        for name, found in peers.get("systems", {}).items()
        if found.get("seconds") and name.removeprefix("oyez ") not in models
    ]
    return [system for system in systems if system.figures]


def as_dict(systems: Sequence[System]) -> dict[str, Any]:
    """Return the figures for JSON: system, metric, number and spread; and what metrics mean."""
    return {
        "systems": {
            system.name: {key: figure.as_dict() for key, figure in system.figures.items()}
            for system in systems
        },
        "metrics": {
            metric.key: {"title": metric.title.strip(), "unit": metric.unit, "is": metric.meaning}
            for metric in METRICS
        },
    }


def _unmet(parts: Parts) -> list[str]:
    chosen = parts.get("endpoints", {}).get("best_within_ms", {})
    return [f"cut_off_{budget}" for budget, name in chosen.items() if name is None]


def _figures(parts: Parts) -> dict[str, Figure]:
    found = {metric.key: metric.find(parts) for metric in METRICS}
    return {key: figure for key, figure in found.items() if figure is not None}
