"""On how many examples a property is tried: few between two edits, more for a commit, all in the end."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings

FULL: Final = 100
SHARES: Final = {"quick": 10, "usual": 50, "full": FULL, "beyond": FULL}
"""Of a hundred examples in the full tier, how many each tier tries."""
FEWEST: Final = 10


def load_profile(tier: str) -> None:
    """Make this tier's number of examples the usual one, before any test module is read.

    No example has a time to keep, as machines differ and may be busy: a test that hangs is ended by pytest.
    """
    patient = [HealthCheck.too_slow]
    settings.register_profile(tier, max_examples=SHARES[tier], deadline=None, suppress_health_check=patient)
    settings.load_profile(tier)


def examples(full: int) -> settings:
    """The settings of a property that is tried on `full` examples in the full tier, and on fewer before."""
    share = settings.get_current_profile_name()
    return settings(max_examples=max(min(full, FEWEST), full * SHARES[share] // FULL))
