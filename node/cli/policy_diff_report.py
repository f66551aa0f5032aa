"""What `dxnode policy diff` says: differences as lines for officers and as values for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from node.cli.output import CHINA
from node.cli.text import language, table
from node.core.clause_messages import clause_label
from node.core.decide import Decision
from node.core.policy_diff import Asked, Difference, Example, Finding, Terms
from node.core.policy_diff_answers import Direction
from node.core.policy_diff_meaning import Change
from node.core.policy_diff_space import (
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

_MOST_NAMED = 20
_EVER = (date.min.toordinal(), date.max.toordinal() + 1)


@dataclass(frozen=True, slots=True)
class DecidedView:
    """What one side decides; `clause` is empty for a permit."""

    permit: bool
    rule: str
    clause: str


@dataclass(frozen=True, slots=True)
class ExampleView:
    """One request that is decided differently; `grant_region` is empty for a grant without one."""

    requester: str
    level: str
    region: str
    question: str
    parameters: Mapping[str, str]
    purpose: str
    case_number: str
    at: str
    grant_region: str
    before: DecidedView
    after: DecidedView


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding; `where` has the dimensions that matter to it, told in the language spoken."""

    dataset: str
    kind: str
    widens: bool
    questions: tuple[str, ...]
    where: Mapping[str, str]
    before: Terms | None
    after: Terms | None
    example: ExampleView


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """The whole difference; `result` is "equal", "narrower" or "wider"."""

    result: str
    findings: tuple[FindingView, ...]
    changes: tuple[Change, ...]
    too_complex: tuple[tuple[str, str], ...]


def result_of(difference: Difference) -> str:
    """ "equal", "narrower" or "wider"."""
    return "equal" if difference.equal else "wider" if difference.widens else "narrower"


def difference_view(difference: Difference) -> DifferenceView:
    """A difference for programs."""
    return DifferenceView(
        result_of(difference),
        tuple(_finding_view(each) for each in difference.findings),
        difference.changes,
        difference.too_complex,
    )


def difference_lines(difference: Difference) -> Iterator[str]:
    """A difference for people: what changes for whom, each with an example; last, what it comes to."""
    for finding in difference.findings:
        yield from _finding_lines(finding)
        yield ""
    for dataset, question in difference.too_complex:
        yield _say("line.complex", dataset=dataset, question=question)
    shown = sorted(difference.changes, key=lambda each: each.direction is Direction.NONE)
    for change in shown:
        yield _change_line(change)
    if difference.too_complex or shown:
        yield ""
    yield _say(f"result.{result_of(difference)}")


def _say(key: str, **args: object) -> str:
    return table("diff", language())[key].format(**args)


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield _say("line.heading", dataset=finding.dataset, kind=_say(f"kind.{finding.kind.value}"))
    asked = _listed(map(_asked, finding.asked))
    lines = [_say("line.question", value=asked)]
    lines += [_say(f"line.{name}", value=value) for name, value in _where(finding).items()]
    lines.append(_say("line.terms", before=_terms(finding.before), after=_terms(finding.after)))
    yield from (f"  {line}" for line in lines)
    example = finding.example
    yield "  " + _example(example)
    yield "    " + _say("line.before", decided=_decided(example.before))
    yield "    " + _say("line.after", decided=_decided(example.after))


def _where(finding: Finding) -> dict[str, str]:
    return {name: _part(part) for name, part in finding.parts.items() if not part.whole}


def _asked(asked: Asked) -> str:
    if not asked.values:
        return asked.question
    values = _listed(f":{name} = {_listed(chosen)}" for name, chosen in asked.values)
    return _say("word.values", question=asked.question, values=values)


def _terms(terms: Terms | None) -> str:
    if terms is None:
        return _say("word.denied")
    parts = []
    if terms.per_day is not None:
        parts.append(_say("word.per-day", count=terms.per_day))
    if terms.per_subject_per_day is not None:
        parts.append(_say("word.per-subject", count=terms.per_subject_per_day))
    if terms.own_region:
        parts.append(_say("word.own-region"))
    return _listed(parts) if parts else _say("word.no-limit")


def _part(part: Part) -> str:
    match part:
        case Departments():
            named = _listed(sorted(part.named))
            return _say("word.all-but", named=named) if part.others else named
        case Levels():
            return _listed(sorted(part.named))
        case Regions():
            return _either(_branch(each, _region) for each in _ordered(part.branches))
        case Purposes():
            return _either(
                [
                    *(_branch(each, str) for each in _ordered(part.branches)),
                    *(_say("word.single", code=code) for code in sorted(part.single)),
                    *(_say("word.unlisted", top=_branch(each, str)) for each in _ordered(part.unlisted)),
                ]
            )
        case Areas():
            return _either(_say(f"word.{area}") for area in sorted(part.named))
        case Days():
            return _days(part)
        case Times():
            return _listed(f"{_clock(start)}-{_clock(end)}" for start, end in part.spans)
        case Cases():
            return _either(_form(form) for form in sorted(part.forms, key=_form))


def _ordered(branches: Iterable[Branch]) -> list[Branch]:
    return sorted(branches, key=lambda each: each.top)


def _branch(branch: Branch, name: Callable[[str], str]) -> str:
    if not branch.but:
        return _say("word.within", top=name(branch.top))
    but = _listed(name(each) for each in sorted(branch.but))
    return _say("word.within-but", top=name(branch.top), but=but)


def _region(digits: str) -> str:
    return digits.ljust(6, "0") if digits else _say("word.country")


def _days(days: Days) -> str:
    if days.work == days.off:
        return _listed(map(_span, days.work))
    parts = []
    for key, spans in (("workdays", days.work), ("days-off", days.off)):
        kind = _say(f"word.{key}")
        if spans == (_EVER,):
            parts.append(kind)
        elif spans:
            parts.append(_say("word.spans", kind=kind, spans=_listed(map(_span, spans))))
    return _either(parts)


def _span(span: Span) -> str:
    start, end = span
    if span == _EVER:
        return _say("word.always")
    first, last = date.fromordinal(start), date.fromordinal(end - 1)
    if start == _EVER[0]:
        return _say("word.until", last=last)
    if end == _EVER[1]:
        return _say("word.from", first=first)
    return _say("word.on", first=first) if first == last else _say("word.from-until", first=first, last=last)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _form(form: Form) -> str:
    has, lacks = _listed(sorted(form.has)), _listed(sorted(form.lacks))
    if not form.lacks:
        return _say("word.form", has=has)
    return _say("word.form-not", has=has, lacks=lacks) if form.has else _say("word.not-form", lacks=lacks)


def _listed(values: Iterable[str]) -> str:
    """Values in a row; of very many the first, and that there are more."""
    every = list(values)
    more = [f"… ({len(every)})"] if len(every) > _MOST_NAMED else []
    return _say("word.and").join([*every[:_MOST_NAMED], *more])


def _either(values: Iterable[str]) -> str:
    return _say("word.or").join(values)


def _example(example: Example) -> str:
    request = example.request
    more = ""
    if request.parameters:
        more += _say(
            "word.parameters", values=_listed(f":{name} = {value}" for name, value in request.parameters)
        )
    if request.case_number:
        more += _say("word.case", number=request.case_number)
    if example.grant.region:
        more += _say("word.granted", region=example.grant.region)
    return _say(
        "line.example",
        who=request.requester.code,
        level=request.requester.level,
        region=request.requester.region,
        question=request.question,
        purpose=request.purpose,
        more=more,
        at=f"{request.at.astimezone(CHINA):%Y-%m-%d %H:%M}",
    )


def _decided(decision: Decision) -> str:
    if decision.permit:
        return _say("word.permit", rule=decision.rule)
    clause = clause_label(decision.clause, "zh" if language() == "zh" else "en")
    if decision.rule:
        return _say("word.deny-by", clause=clause, rule=decision.rule)
    return _say("word.deny", clause=clause)


def _change_line(change: Change) -> str:
    about = _say("word.dataset", dataset=change.dataset)
    if change.about:
        about = _say("word.of", dataset=change.dataset, about=change.about)
    part = table("diff", language()).get(f"part.{change.part}", change.part)
    direction = _say(f"direction.{change.direction.value}")
    if not change.before and not change.after:
        return _say("line.change-only", about=about, part=part, direction=direction)
    return _say(
        "line.change",
        about=about,
        part=part,
        before=change.before or "-",
        after=change.after or "-",
        direction=direction,
    )


def _finding_view(finding: Finding) -> FindingView:
    request = finding.example.request
    return FindingView(
        dataset=finding.dataset,
        kind=finding.kind.value,
        widens=finding.kind.widens,
        questions=tuple(map(_asked, finding.asked)),
        where=_where(finding),
        before=finding.before,
        after=finding.after,
        example=ExampleView(
            requester=request.requester.code,
            level=request.requester.level,
            region=request.requester.region,
            question=request.question,
            parameters=dict(request.parameters),
            purpose=request.purpose,
            case_number=request.case_number,
            at=request.at.isoformat(),
            grant_region=finding.example.grant.region,
            before=_decided_view(finding.example.before),
            after=_decided_view(finding.example.after),
        ),
    )


def _decided_view(decision: Decision) -> DecidedView:
    return DecidedView(decision.permit, decision.rule, decision.clause)
