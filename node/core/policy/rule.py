"""Rules: who may ask which questions for which purposes on which conditions, and how they are found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from node.core.identity import region_covers
from node.core.policy.definitions import Group
from node.core.policy.request import Request, RequestingDepartment
from node.core.purpose import purpose_line
from node.core.workdays import Hours

_CASE_SIGNS = {"#": "[0-9]", "@": "[A-Z]", "*": "[0-9A-Za-z-]+"}


@dataclass(frozen=True, slots=True)
class To:
    """Which requesters: every part that is not empty must fit; `anyone` stands alone.

    `listed` and `groups` are one part: they say together which departments.
    """

    anyone: bool
    listed: tuple[str, ...]
    levels: tuple[str, ...]
    regions: tuple[str, ...]
    groups: tuple[Group, ...] = ()

    @property
    def departments(self) -> tuple[str, ...]:
        """All departments that are named, by themselves or in a group; empty for any department."""
        if not self.groups:
            return self.listed
        grouped = frozenset[str]().union(*(group.departments for group in self.groups))
        return (*self.listed, *sorted(grouped.difference(self.listed)))

    def fits(self, requester: RequestingDepartment) -> bool:
        """Whether every part fits."""
        return self.fits_department(requester) and self.fits_level(requester) and self.fits_region(requester)

    def fits_department(self, requester: RequestingDepartment) -> bool:
        """Whether the requester is one of the departments or in one of the groups, if any are named."""
        if not self.listed and not self.groups:
            return True
        code = requester.code
        return code in self.listed or any(code in group.departments for group in self.groups)

    def fits_level(self, requester: RequestingDepartment) -> bool:
        """Whether the requester has one of the levels, if any are named."""
        return not self.levels or requester.level in self.levels

    def fits_region(self, requester: RequestingDepartment) -> bool:
        """Whether the requester lies in one of the regions, if any are named."""
        return not self.regions or any(region_covers(region, requester.region) for region in self.regions)

    def text(self) -> str:
        """In the policy's words."""
        parts = (("departments", self.named()), ("levels", self.levels), ("regions", self.regions))
        return "; ".join(f"{name}: {', '.join(values)}" for name, values in parts if values) or "any"

    def named(self) -> tuple[str, ...]:
        """Groups, with what they are made of, and the other departments, for people."""
        grouped = frozenset[str]().union(*(group.departments for group in self.groups))
        return (
            *(group.text() for group in self.groups),
            *(code for code in self.listed if code not in grouped),
        )

    def named_text(self) -> str:
        """`named`, bounded, as one text; "-" for any department."""
        return ", ".join((*self.named()[:12], *(["…"] if len(self.named()) > 12 else []))) or "-"

    def index_keys(self) -> tuple[str, ...]:
        """The keys of which any requester that fits has at least one: of `requester_keys`, or its groups'."""
        if self.listed or self.groups:
            return (
                *(f"department {code}" for code in self.listed),
                *(group.key for group in self.groups),
            )
        if self.regions:
            return tuple(f"region {region}" for region in self.regions)
        if self.levels:
            return tuple(f"level {level}" for level in self.levels)
        return ("any",)


@lru_cache(maxsize=4096)
def requester_keys(requester: RequestingDepartment) -> tuple[str, ...]:
    """What rules that may fit this requester are filed under."""
    region = requester.region
    around = {region[:12], region[:9], region[:6], region[:4] + "00", region[:2] + "0000", "000000"}
    return (
        f"department {requester.code}",
        f"level {requester.level}",
        "any",
        *(f"region {code}" for code in around),
    )


@dataclass(frozen=True, slots=True)
class When:
    """Conditions on the request itself; empty parts ask for nothing."""

    case_number: str
    workdays: bool
    hours: Hours | None

    def text(self) -> str:
        """In the policy's words."""
        parts = []
        if self.case_number:
            parts.append(f"case_number: {self.case_number}")
        if self.workdays:
            parts.append("workdays: true")
        if self.hours:
            parts.append(f"hours: {self.hours}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Effective:
    """The local dates on which a rule holds, both included; None is without an end."""

    first: date | None
    last: date | None

    def holds(self, local: date) -> bool:
        """Whether a local date lies within."""
        return (self.first is None or self.first <= local) and (self.last is None or local <= self.last)

    def text(self) -> str:
        """In the policy's words."""
        parts = (("from", self.first), ("until", self.last))
        return "; ".join(f"{name}: {given:%Y-%m-%d}" for name, given in parts if given is not None)


ALWAYS = Effective(None, None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is counted for each requester, in subjects; None means no limit."""

    per_day: int | None
    per_subject_per_day: int | None

    def text(self) -> str:
        """In the policy's words."""
        parts = (("per_day", self.per_day), ("per_subject_per_day", self.per_subject_per_day))
        return "; ".join(f"{name}: {limit}" for name, limit in parts if limit is not None)


NO_LIMITS = Limits(None, None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `order` is its place in the file, `case_format` what `when.case_number` stands for.

    With `own_region` a requester learns of subjects of its own area only (backflow, Art. 24).
    """

    id: str
    order: int
    allow: frozenset[str]
    to: To
    purposes: tuple[str, ...]
    when: When
    limits: Limits
    case_format: re.Pattern[str] | None
    effective: Effective = ALWAYS
    own_region: bool = False

    def conditions(self) -> str:
        """All conditions on the request but purpose and requester, in the policy's words."""
        effective = self.effective.text()
        parts = (
            "scope: own-region" if self.own_region else "",
            f"effective {effective}" if effective else "",
            self.when.text(),
        )
        return "; ".join(part for part in parts if part)


def compile_case_number(pattern: str) -> re.Pattern[str] | None:
    """The form of a case number: # a digit, @ a capital letter, one * any letters, digits, hyphens."""
    if not pattern:
        return None
    return re.compile("".join(_CASE_SIGNS.get(char, re.escape(char)) for char in pattern))


@dataclass(frozen=True, slots=True)
class _Alike:
    """The rules of one question that have the same `to`, by each of their purposes, in file order."""

    to: To
    first: Rule
    by_purpose: dict[str, list[Rule]]


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """The rules of one question, filed so that a look-up costs the same however many there are.

    `filed` has what have one `to` in common, by each of its keys; `memberships` the keys of the groups
    that a department belongs to.
    """

    first: Rule
    filed: Mapping[str, list[_Alike]]
    memberships: Mapping[str, tuple[str, ...]]

    @classmethod
    def build(cls, rules: Iterable[Rule], memberships: Mapping[str, tuple[str, ...]]) -> RuleIndex:
        """From at least one rule, in file order."""
        alikes: dict[To, _Alike] = {}
        filed: dict[str, list[_Alike]] = {}
        every = list(rules)
        for rule in every:
            alike = alikes.get(rule.to)
            if alike is None:
                alike = alikes[rule.to] = _Alike(rule.to, rule, {})
                for key in rule.to.index_keys():
                    filed.setdefault(key, []).append(alike)
            for purpose in rule.purposes:
                alike.by_purpose.setdefault(purpose, []).append(rule)
        return cls(every[0], filed, memberships)

    def nearest(self, request: Request) -> tuple[list[Rule], Rule | None]:
        """Rules whose `to` and `for` hold, in file order, and the first rule whose `to` holds."""
        matching: dict[int, Rule] = {}
        first: Rule | None = None
        line = purpose_line(request.purpose)
        requester = request.requester
        for key in (*requester_keys(requester), *self.memberships.get(requester.code, ())):
            for alike in self.filed.get(key, ()):
                if not alike.to.fits(requester):
                    continue
                if first is None or alike.first.order < first.order:
                    first = alike.first
                for purpose in line:
                    for rule in alike.by_purpose.get(purpose, ()):
                        matching[rule.order] = rule
        return [matching[order] for order in sorted(matching)], first
