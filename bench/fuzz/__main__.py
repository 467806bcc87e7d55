"""`python -m bench.fuzz`: so many cases of one seed, or one of them."""

import argparse
import faulthandler
import random
import sys

from bench.fuzz.runs import CASES, KINDS, run, run_one
from oyez.bench import tables


def main() -> int:
    """Run what the command line asks for."""
    # Decoders are written in C: when one of them falls, this says in which case it did.
    faulthandler.enable()
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, help="of all cases (a new one each time)")
    parser.add_argument("--cases", type=int, default=CASES, help=f"how many ({CASES:,})")
    parser.add_argument("--kind", choices=KINDS, help="only this kind")
    parser.add_argument("--case", type=int, help="only the case of this number; needs --kind")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    if given.case is not None:
        if given.kind is None or given.seed is None:
            parser.error("--case needs --seed and --kind")
        ending = run_one(seed=seed, kind=given.kind, number=given.case)
        tables.note(ending)
        return int(ending.startswith("FAILED"))
    kinds = (given.kind,) if given.kind else tuple(KINDS)
    return int(bool(run(seed=seed, cases=given.cases, kinds=kinds)["failures"]))


if __name__ == "__main__":
    sys.exit(main())
