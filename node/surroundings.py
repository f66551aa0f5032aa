"""What is wrong around a node rather than in it: libraries and folders of the machine that it runs on."""

from __future__ import annotations

from node.store import driver


def problems_around() -> list[str]:
    """What the operator should mend on the machine, for people; told at start and in status."""
    found = []
    if weakness := driver.weakness(driver.VERSION):
        found.append(f"database: {weakness}")
    return found
