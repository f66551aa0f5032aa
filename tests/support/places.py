"""Where the project and what tests read of it lie, wherever a test file stands."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
"""The project."""
TESTS: Final = ROOT / "tests"
CORPUS: Final = TESTS / "corpus"
"""Seeds of the fuzz targets."""
POLICIES: Final = ROOT / "policies"
"""The example policies that officers begin with."""
