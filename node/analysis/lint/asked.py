"""What one requester may ask of a dataset, by all rules together, and can work out from the answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from node.analysis.lint.finding import Finding, finding
from node.analysis.lint.oracle import NARROWEST, Revealed, alone, pinning, revealed
from node.core.identity import region_covers
from node.core.policy.policy import Policy
from node.core.policy.rule import Rule
from node.core.reading.place import Path
from node.core.words import listed

# Sets of rules that are looked at in one dataset, and looks at what a question tells of a field.
MAX_REQUESTERS = 2_000
MAX_LOOKS = 200_000


@dataclass(frozen=True, slots=True)
class PossibleRequester:
    """Requesters that the same rules may fit: in the policy's words, and those rules."""

    who: str
    rules: tuple[Rule, ...]


def asked(policy: Policy, today: date) -> Iterator[Finding]:
    """Fields that one requester can pin down with several questions, none of which does alone."""
    rules = [rule for rule in policy.rules if rule.effective.last is None or rule.effective.last >= today]
    tells = _tells(policy, {name for rule in rules for name in rule.allow})
    for (name, field), each in tells.items():
        if each.unknown:
            yield finding("lint.oracle-unknown", ("questions", name), on_key=True, name=name, field=field)
        bound = policy.narrowest.get(field)
        if bound is not None and alone(policy.dataset.fields[field], each, bound):
            yield _narrow(("questions", name), field, [name], bound)
    looks = 0
    seen: set[tuple[str, tuple[str, ...]]] = set()
    tried: set[frozenset[str]] = set()
    for number, requester in enumerate(_requesters(rules)):
        questions = frozenset(name for rule in requester.rules for name in rule.allow)
        if questions in tried:
            continue
        tried.add(questions)
        looks += len(questions) * len(policy.dataset.fields)
        if number >= MAX_REQUESTERS or looks > MAX_LOOKS:
            yield finding("lint.oracle-too-much", ("rules",), on_key=True)
            return
        for field, least in _pinned(policy, questions, tells):
            if (field, least) not in seen:
                seen.add((field, least))
                yield _finding(requester, field, least, policy.narrowest.get(field))


def _tells(policy: Policy, allowed: Iterable[str]) -> dict[tuple[str, str], Revealed]:
    """Question and field to what the answers tell."""
    return {
        (name, field): revealed(policy.dataset, policy.questions[name], field)
        for name in sorted(allowed)
        if name in policy.questions
        for field in sorted(policy.questions[name].fields)
    }


def _pinned(
    policy: Policy, questions: frozenset[str], tells: Mapping[tuple[str, str], Revealed]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    combinations = {
        frozenset(each.questions)
        for name in questions
        if name in policy.questions
        for each in policy.questions[name].combinations
    }
    by_field: dict[str, dict[str, Revealed]] = {}
    for (name, field), each in tells.items():
        if name in questions and each.anything:
            by_field.setdefault(field, {})[name] = each
    for field, told_by in by_field.items():
        if len(told_by) > 1:
            least = pinning(
                policy.dataset.fields[field],
                told_by,
                sorted(combinations, key=sorted),
                policy.narrowest.get(field, NARROWEST),
            )
            if least is not None and len(least) > 1:
                yield field, least


def _narrow(path: Path, field: str, questions: Sequence[str], bound: int) -> Finding:
    return finding(
        "lint.oracle-narrow",
        path,
        on_key=True,
        field=field,
        questions=listed(questions),
        narrowest=str(bound),
    )


def _finding(
    requester: PossibleRequester, field: str, questions: Sequence[str], bound: int | None
) -> Finding:
    """At the rule that allows all of them, else at the last of the rules that they take."""
    for rule in requester.rules:
        if rule.allow >= set(questions):
            if bound is not None:
                return _narrow(("rules", rule.order, "allow"), field, questions, bound)
            return finding(
                "lint.oracle-together",
                ("rules", rule.order, "allow"),
                rule=rule.id,
                field=field,
                questions=listed(questions),
            )
    firsts = {name: next(rule for rule in requester.rules if name in rule.allow) for name in questions}
    last = max(firsts.values(), key=lambda rule: rule.order)
    if bound is not None:
        return _narrow(("rules", last.order, "allow"), field, questions, bound)
    return finding(
        "lint.oracle-across",
        ("rules", last.order, "allow"),
        who=requester.who,
        field=field,
        questions=listed(questions),
        rules=listed(dict.fromkeys(rule.id for rule in firsts.values())),
    )


def _requesters(rules: Sequence[Rule]) -> Iterator[PossibleRequester]:
    """All sets of rules that one requester may fit; where only the directory could tell, it is taken to."""
    general = [rule for rule in rules if not rule.to.departments]
    own: dict[str, list[Rule]] = {}
    for rule in rules:
        for department in rule.to.departments:
            own.setdefault(department, []).append(rule)
    around = list(_around(general))
    for department, named in own.items():
        for _, others in around or [("", ())]:
            both = sorted((*named, *others), key=lambda rule: rule.order)
            yield PossibleRequester(f"departments: {department}", tuple(both))
    for who, others in around:
        yield PossibleRequester(who, tuple(others))


def _around(rules: Sequence[Rule]) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """The sets of rules without departments that one requester may fit, by its level and region."""
    levels = sorted({level for rule in rules for level in rule.to.levels}) or [""]
    regions = sorted({region for rule in rules for region in rule.to.regions}, key=len, reverse=True) or [""]
    seen: set[tuple[int, ...]] = set()
    for region, level in product(regions, levels):
        fitting = tuple(
            rule
            for rule in rules
            if (not rule.to.levels or level in rule.to.levels)
            and (not rule.to.regions or any(region_covers(each, region) for each in rule.to.regions))
        )
        key = tuple(rule.order for rule in fitting)
        if fitting and key not in seen:
            seen.add(key)
            parts = (("levels", level), ("regions", region))
            yield "; ".join(f"{name}: {part}" for name, part in parts if part) or "any", fitting
