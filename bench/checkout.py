"""Where the repository is: what only it has lies beside this package."""

from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parent.parent
