"""Which files of a folder are policies, for all who read such a folder."""

from __future__ import annotations

from pathlib import Path

from node.core.policy.policy import TABLE_ENDING


def policy_files(folder: Path) -> list[Path]:
    """The `*.yaml` of a folder but for the tables that test them, by name."""
    return sorted(path for path in folder.glob("*.yaml") if not path.name.endswith(TABLE_ENDING))
