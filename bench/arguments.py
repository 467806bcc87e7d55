"""What was asked for on the command line."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from bench.checkout import CHECKOUT
from oyez.bench.corpus import Corpus, sample
from oyez.bench.manifest import read_manifest
from oyez.bench.plan import Plan, Size
from oyez.bench.runs import Part
from oyez.bench.streaming import Target
from oyez.errors import ManifestError
from oyez.protocol.models import REAL_TIME_MODEL

PARTS = (
    Part("wer", "oyez.bench.wer"),
    Part("latency", "oyez.bench.latency"),
    Part("sessions", "oyez.bench.sessions"),
    Part("peers", "bench.peers.runs", models=0),
    Part("endpoints", "oyez.bench.endpoints", models=1),
    Part("silence", "bench.silence"),
    Part("quiet", "bench.quiet", models=1),
)
"""What runs unless something else is asked for; those that take long for one model only."""
MORE = (
    Part("formats", "bench.formats"),
    Part("soak", "bench.soak"),
    Part("startup", "bench.startup"),
    Part("install", "bench.install", models=0),
    Part("graphs", "bench.graphs", models=0),
)
"""With `--full`, or when they are named."""
CHECKS = (
    Part("fuzz", "bench.fuzz.runs", models=0),
    Part("autobahn", "bench.autobahn.runs", models=0),
)
"""Parts that judge: they are run when they are named, and fail when a promise is broken."""
DEFAULT_MODELS = "moonshine,moonshine-tiny"
SAMPLE = "sample"
DEFAULT_JSON = "bench/out/result.json"


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the program."""

    plan: Plan
    parts: tuple[Part, ...]
    json_path: Path


def read_request(arguments: list[str] | None = None) -> Request:
    """Return what the command line asks for; wrong arguments end the program."""
    known = {part.name: part for part in (*PARTS, *MORE, *CHECKS)}
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure accuracy, latency and cost beside other recognisers: about 50 minutes "
        "on two cores for both models, which must have nothing else to do.",
    )
    parser.add_argument("--only", metavar="PARTS", help=f"comma separated, of {','.join(known)}")
    parser.add_argument("--quick", action="store_true", help="a quarter of an hour: fewer clips")
    parser.add_argument(
        "--full", action="store_true", help="hours: all parts, more clips, every model in each"
    )
    parser.add_argument(
        "--data",
        default=os.environ.get("OYEZ_BENCH_DATA"),
        help=f"speech folder or manifest, or `{SAMPLE}`",
    )
    parser.add_argument(
        "--model", help=f"engines to measure, comma separated (default {DEFAULT_MODELS})"
    )
    parser.add_argument("--url", help="measure this Soniox-compatible server instead of ours")
    parser.add_argument("--api-key", default=os.environ.get("OYEZ_API_KEY"), help="its key")
    parser.add_argument(
        "--realtime", action="store_true", help="wer, quiet, soak and silence at real-time pace"
    )
    parser.add_argument("--keep-pauses", action="store_true", help="soak: do not trim pauses")
    parser.add_argument("--minutes", type=float, help="soak and silence: so much audio (5)")
    parser.add_argument(
        "--budget-ms",
        type=float,
        default=1000.0,
        help="sessions: p95 of the lag, and twice p50 of words shown (1000)",
    )
    parser.add_argument("--json", default=DEFAULT_JSON, help="where the numbers go")
    given = parser.parse_args(arguments)
    names = given.only.split(",") if given.only else []
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"unknown parts: {', '.join(unknown)}; known are {', '.join(known)}")
    if given.quick and given.full:
        parser.error("--quick or --full, not both")
    if given.url and not given.api_key:
        parser.error("--url needs --api-key or OYEZ_API_KEY")
    try:
        corpus = find_corpus(given.data, CHECKOUT)
    except ManifestError as error:
        parser.error(str(error))
    remote = None
    models = tuple((given.model or DEFAULT_MODELS).split(","))
    if given.url:
        models = tuple((given.model or REAL_TIME_MODEL).split(","))
        remote = Target(given.url, given.api_key, models[0])
        if len(models) > 1:
            parser.error("--url measures one model at a time")
    size = Size.QUICK if given.quick else Size.FULL if given.full else Size.STANDARD
    parts = tuple(known[name] for name in names)
    if not parts:
        parts = (*PARTS, *MORE) if given.full else PARTS
    if given.full or given.only:
        parts = tuple(_of_every_model(part) for part in parts)
    plan = Plan(
        corpus=corpus,
        models=models,
        model=models[0],
        remote=remote,
        size=size,
        is_live=given.realtime,
        keeps_pauses=given.keep_pauses,
        minutes=given.minutes,
        budget_s=given.budget_ms / 1000,
    )
    return Request(plan, parts, Path(given.json))


def find_corpus(given: str | None, checkout: Path) -> Corpus:
    """Return the speech: what is given, else `../shared/data` beside the checkout, else the sample.

    Raises:
        ManifestError: What is given has no manifest, or one that cannot be used.
    """
    if given == SAMPLE:
        return sample()
    if given:
        return read_manifest(Path(given), has_groups=True)
    beside = checkout.parent / "shared" / "data"
    return read_manifest(beside, has_groups=True) if beside.is_dir() else sample()


def _of_every_model(part: Part) -> Part:
    return part if part.models == 0 else Part(part.name, part.module)
