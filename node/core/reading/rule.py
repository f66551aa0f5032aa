"""Builds the rules of a policy, and finds what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

from node.core.identity import is_credit_code, normalise_region
from node.core.policy.dataset import FieldType
from node.core.policy.definitions import Definitions, Group
from node.core.policy.rule import ALWAYS, NO_LIMITS, Effective, Limits, Rule, To, When, compile_case_number
from node.core.reading.document import Document
from node.core.reading.format import EffectivePart, LimitsPart, PolicyPart, ToPart, WhenPart
from node.core.reading.place import Path
from node.core.words import closest, listed
from node.core.workdays import parse_hours
from node.errors import NodeError


class RuleBuilder:
    """Builds rules with the names that are defined, adding to the document's problems."""

    def __init__(self, document: Document, definitions: Definitions | None) -> None:
        self._document = document
        self._definitions = definitions

    def build(self, part: PolicyPart) -> list[Rule]:
        """All rules, in file order."""
        rules = []
        seen: set[str] = set()
        questions = self._document.at(("questions",))
        # Also those that were left out for their own problems.
        written = questions.keys() if isinstance(questions, dict) else set()
        for order, given in enumerate(part.rules):
            path: Path = ("rules", order)
            if given.id in seen:
                self._document.add("rule.id-twice", (*path, "id"), id=given.id)
            seen.add(given.id)
            for index, name in enumerate(given.allow):
                if name not in written and not self._document.full:
                    guess = closest(name, written)
                    self._document.add(
                        "rule.unknown-question", (*path, "allow", index), name=name, closest=guess
                    )
            for index, code in enumerate(given.for_):
                self._purpose((*path, "for", index), code)
            if given.scope is not None and not self._has_region(part):
                self._document.add("rule.scope-region", (*path, "scope"))
            when = _when(given.when)
            rules.append(
                Rule(
                    id=given.id,
                    order=order,
                    allow=frozenset(given.allow),
                    to=self._to((*path, "to"), given.to),
                    purposes=tuple(given.for_),
                    when=when,
                    limits=_limits(given.limits),
                    case_format=compile_case_number(when.case_number),
                    effective=self._effective((*path, "effective"), given.effective),
                    own_region=given.scope is not None,
                )
            )
        return rules

    @staticmethod
    def _has_region(part: PolicyPart) -> bool:
        return any(field.type is FieldType.REGION for field in part.fields.values())

    def _effective(self, path: Path, part: EffectivePart | None) -> Effective:
        if part is None:
            return ALWAYS
        if part.from_ is None and part.until is None:
            self._document.add_at_key("rule.effective-empty", path)
        elif part.from_ is not None and part.until is not None and part.from_ > part.until:
            self._document.add("rule.effective-order", (*path, "until"))
        return Effective(part.from_, part.until)

    def _to(self, path: Path, part: ToPart) -> To:
        given = part.model_fields_set
        if not given:
            self._document.add_at_key("rule.to-empty", path)
        elif part.any and len(given) > 1:
            self._document.add_at_key("rule.any-beside-others", (*path, "any"))
        for index, code in enumerate(part.departments or []):
            if not is_credit_code(code):
                self._document.add("credit-code.invalid", (*path, "departments", index))
        regions = []
        for index, region in enumerate(part.regions or []):
            try:
                regions.append(normalise_region(region))
            except NodeError:
                self._document.add("region.spelling", (*path, "regions", index))
        return To(
            bool(part.any),
            tuple(part.departments or ()),
            tuple(part.levels or ()),
            tuple(regions),
            tuple(self._groups((*path, "groups"), part.groups or [])),
        )

    def _groups(self, path: Path, names: list[str]) -> Iterator[Group]:
        if self._definitions is None:
            return
        groups = self._definitions.groups
        for index, name in enumerate(names):
            if name in groups:
                yield groups[name]
            else:
                guess = closest(name, groups)
                self._document.add(
                    "group.unknown", (*path, index), name=name, closest=guess, known=listed(groups)
                )

    def _purpose(self, path: Path, code: str) -> None:
        purposes = self._definitions.purposes if self._definitions is not None else None
        if purposes is not None and code not in purposes and not self._document.full:
            guess = closest(code, purposes.purposes)
            self._document.add("purpose.unknown", path, code=code, closest=guess)


def _when(part: WhenPart | None) -> When:
    if part is None:
        return When("", workdays=False, hours=None)
    return When(part.case_number or "", bool(part.workdays), parse_hours(part.hours or ""))


def _limits(part: LimitsPart | None) -> Limits:
    return NO_LIMITS if part is None else Limits(part.per_day, part.per_subject_per_day)
