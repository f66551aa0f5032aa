"""The words of `dxnode policy diff`: parts of the space of requests, in the language spoken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from node.analysis.diff.diff import AskedRequest, DiffFinding, Terms
from node.analysis.diff.space import (
    LEVELS,
    Areas,
    Branch,
    Cases,
    Days,
    Departments,
    Form,
    Levels,
    Part,
    Purposes,
    Regions,
    Span,
    Times,
)
from node.core.policy.policy import Policies, Policy
from node.texts.wording import language, t

# The dimensions as they are told: who asks, then for what and when.
_WHO = ("departments", "levels", "regions")
_HOW = ("purposes", "areas", "days", "hours", "case_number")
_MOST_NAMED = 20
_EVER = (date.min.toordinal(), date.max.toordinal() + 1)


@dataclass(frozen=True, slots=True)
class Titles:
    """What datasets, questions and purposes are called in the language spoken, beside their codes."""

    sides: tuple[Policies, ...] = ()
    """The policies that titles are taken from, the first that has one."""

    def dataset(self, name: str) -> str:
        """A dataset."""
        found = (policy.dataset for policy in self._policies(name))
        return self._with_title(name, next(((each.title, each.title_en) for each in found), None))

    def question(self, dataset: str, name: str) -> str:
        """A question of a dataset; any other name as it is."""
        found = (policy.questions[name] for policy in self._policies(dataset) if name in policy.questions)
        return self._with_title(name, next(((each.title, each.title_en) for each in found), None))

    def purpose(self, code: str) -> str:
        """A purpose."""
        trees = (each.purposes.purposes for each in self.sides if each.purposes is not None)
        found = (tree[code] for tree in trees if code in tree)
        return self._with_title(code, next(((each.title, each.title_en) for each in found), None))

    def _policies(self, dataset: str) -> Iterator[Policy]:
        return (policy for side in self.sides if (policy := side.get(dataset)) is not None)

    def _with_title(self, name: str, titles: tuple[str, str] | None) -> str:
        if titles is None:
            return name
        title = titles[0] if language() == "zh" else titles[1]
        return t("diff.word.titled", name=name, title=title) if title != name else name


CODES = Titles()
"""Codes alone."""


def where(finding: DiffFinding, titles: Titles = CODES) -> dict[str, str]:
    """The dimensions that matter to a finding, each in words."""
    parts = {name: _part(part, titles) for name in _WHO + _HOW if not (part := finding.parts[name]).whole}
    if not any(name in parts for name in _WHO):
        return {_WHO[0]: t("diff.word.anybody"), **parts}
    return parts


def asked_words(asked: AskedRequest, name: str) -> str:
    """A question by its name, with the forms of it that are meant."""
    forms = [f":{name} = {listed(chosen)}" for name, chosen in asked.values]
    forms += {0: [], 1: [t("diff.word.one-subject")], 2: [t("diff.word.several-subjects")]}[asked.subjects]
    if not forms:
        return name
    return t("diff.word.values", question=name, values=listed(forms))


def terms_words(terms: Terms | None) -> str:
    """On which terms a request is permitted; None is a denial."""
    if terms is None:
        return t("diff.word.denied")
    parts = []
    if terms.per_day is not None:
        parts.append(t("diff.word.per-day", count=terms.per_day))
    if terms.per_subject_per_day is not None:
        parts.append(t("diff.word.per-subject", count=terms.per_subject_per_day))
    if terms.own_region:
        parts.append(t("diff.word.own-region"))
    return listed(parts) if parts else t("diff.word.no-limit")


def _part(part: Part, titles: Titles) -> str:
    match part:
        case Departments():
            named = listed(sorted(part.named))
            return t("diff.word.all-except", named=named) if part.others else named
        case Levels():
            return listed(t(f"catalogue.level_word.{level}") for level in LEVELS if level in part.named)
        case Regions():
            return _either(_branch(each, _region) for each in _ordered(part.branches))
        case Purposes():
            return _either(
                [
                    *(_branch(each, titles.purpose) for each in _ordered(part.branches)),
                    *(t("diff.word.single", code=titles.purpose(code)) for code in sorted(part.single)),
                    *(
                        t("diff.word.unlisted", top=_branch(each, titles.purpose))
                        for each in _ordered(part.unlisted)
                    ),
                ]
            )
        case Areas():
            return _either(t(f"diff.word.{area}") for area in sorted(part.named))
        case Days():
            return _days(part)
        case Times():
            return listed(f"{_clock(start)}-{_clock(end)}" for start, end in part.spans)
        case Cases():
            return _either(_form(form) for form in sorted(part.forms, key=_form))


def _ordered(branches: Iterable[Branch]) -> list[Branch]:
    return sorted(branches, key=lambda each: each.top)


def _branch(branch: Branch, name: Callable[[str], str]) -> str:
    if not branch.but:
        return t("diff.word.within", top=name(branch.top))
    but = listed(name(each) for each in sorted(branch.but))
    return t("diff.word.within-except", top=name(branch.top), but=but)


def _region(digits: str) -> str:
    return digits.ljust(6, "0") if digits else t("diff.word.country")


def _days(days: Days) -> str:
    if days.work == days.off:
        return listed(map(_span, days.work))
    parts = []
    for key, spans in (("workdays", days.work), ("days-off", days.off)):
        kind = t(f"diff.word.{key}")
        if spans == (_EVER,):
            parts.append(kind)
        elif spans:
            parts.append(t("diff.word.spans", kind=kind, spans=listed(map(_span, spans))))
    return _either(parts)


def _span(span: Span) -> str:
    start, end = span
    if span == _EVER:
        return t("diff.word.always")
    first, last = date.fromordinal(start), date.fromordinal(end - 1)
    if start == _EVER[0]:
        return t("diff.word.until", last=last)
    if end == _EVER[1]:
        return t("diff.word.from", first=first)
    return (
        t("diff.word.on", first=first) if first == last else t("diff.word.from-until", first=first, last=last)
    )


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _form(form: Form) -> str:
    has, lacks = listed(sorted(form.has)), listed(sorted(form.lacks))
    if not form.lacks:
        return t("diff.word.form", has=has)
    return (
        t("diff.word.form-except", has=has, lacks=lacks) if form.has else t("diff.word.not-form", lacks=lacks)
    )


def listed(values: Iterable[str]) -> str:
    """Values in a row; of very many the first, and that there are more."""
    every = list(values)
    more = [f"… ({len(every)})"] if len(every) > _MOST_NAMED else []
    return t("statement.list.comma").join([*every[:_MOST_NAMED], *more])


def _either(values: Iterable[str]) -> str:
    return t("diff.word.or").join(values)
