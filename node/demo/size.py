"""How many residents the demo city may have."""

from __future__ import annotations

from typing import Final

RESIDENTS: Final = 100_000
"""Unless another number is asked for."""
FEWEST: Final = 1_000
MOST: Final = 1_000_000
