"""What policies share: purposes, groups of departments and bands, defined in one file and used by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from node.core.policy.question import Combination
from node.core.purpose import PurposeTree
from node.core.words import listed


@dataclass(frozen=True, slots=True)
class Group:
    """Departments that rules name together. There are no groups of groups."""

    name: str
    title: str
    title_en: str
    departments: frozenset[str]

    @property
    def key(self) -> str:
        """What rules for the group are filed under."""
        return f"group {self.name}"

    def text(self) -> str:
        """Its name and, in brackets, its departments: a bounded text for people."""
        return f"{self.name} ({listed(sorted(self.departments))})"


@dataclass(frozen=True, slots=True)
class Definitions:
    """All that is defined; `purposes` is None where there is no purpose tree.

    Combinations here name each question as `dataset/question`.
    """

    purposes: PurposeTree | None = None
    groups: Mapping[str, Group] = field(default_factory=dict)
    bands: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    forbidden_together: tuple[Combination, ...] = ()

    def memberships(self) -> Mapping[str, tuple[str, ...]]:
        """Department to the keys of the groups that it belongs to."""
        found: dict[str, tuple[str, ...]] = {}
        for group in self.groups.values():
            for code in group.departments:
                found[code] = (*found.get(code, ()), group.key)
        return found


NO_DEFINITIONS = Definitions()
