"""Makes the fuzzing part of the benchmark importable: it is run from the checkout."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
