"""What `dxnode policy diff` says: differences as lines for officers and as values for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from node.analysis.diff.diff import Difference, DiffFinding, Example, Terms
from node.analysis.diff.meaning import Change
from node.analysis.diff.relation import Direction, Record
from node.cli.policy.diff_phrases import CODES, Titles, asked_words, listed, terms_words, where
from node.core.deciding.evaluator import Decision
from node.core.text.clause_texts import clause_label
from node.texts.wording import CHINA, find, language, t

_MOST_SHOWN = 50
_ANSWERS = {"yes": "ask.verified", "no": "ask.not_verified"}


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


def difference_lines(difference: Difference, titles: Titles = CODES) -> Iterator[str]:
    """A difference for people: first what it comes to and who can learn more, each with an example."""
    yield t(f"diff.result.{result_of(difference)}")
    tell = partial(_finding_lines, titles=titles)
    widening, narrowing = (
        [partial(tell, each) for each in difference.findings if each.kind.widens is widens]
        for widens in (True, False)
    )
    changes: dict[Direction, list[Told]] = {direction: [] for direction in Direction}
    for change in difference.changes:
        changes[change.direction].append(partial(_change_lines, change, titles))
    for dataset, question in difference.too_complex:
        line = t("diff.line.complex", dataset=dataset, question=question)
        changes[Direction.UNKNOWN].append(partial(iter, (line,)))
    yield from _section("wider", widening, changes[Direction.WIDER] + changes[Direction.UNKNOWN])
    yield from _section("narrower", narrowing, changes[Direction.NARROWER])
    yield from _section("none", [], changes[Direction.NONE])


Told = Callable[[], Iterator[str]]
"""Tells one thing, in lines."""


def _section(name: str, *kinds: Sequence[Told]) -> Iterator[str]:
    """A heading and what stands under it; of very much the first, and how much more there is."""
    if not any(kinds):
        return
    yield ""
    yield t(f"diff.section.{name}")
    for every in kinds:
        for lines in every[:_MOST_SHOWN]:
            yield ""
            yield from (f"  {line}" for line in lines())
        if len(every) > _MOST_SHOWN:
            yield ""
            yield "  " + t("diff.line.more", count=len(every) - _MOST_SHOWN)


def _finding_lines(finding: DiffFinding, titles: Titles) -> Iterator[str]:
    yield t(
        "diff.line.heading",
        dataset=titles.dataset(finding.dataset),
        kind=t(f"diff.kind.{finding.kind.value}"),
    )
    asked = listed(
        asked_words(each, titles.question(finding.dataset, each.question)) for each in finding.asked
    )
    lines = [t("diff.line.question", value=asked)]
    lines += [t(f"diff.line.{name}", value=value) for name, value in where(finding, titles).items()]
    lines.append(t("diff.line.terms", before=terms_words(finding.before), after=terms_words(finding.after)))
    yield from (f"  {line}" for line in lines)
    example = finding.example
    yield "  " + _example(example)
    yield "    " + t("diff.line.before", decided=_decided(example.before))
    yield "    " + t("diff.line.after", decided=_decided(example.after))


def _example(example: Example) -> str:
    request = example.request
    more = ""
    if request.parameters:
        more += t(
            "diff.word.parameters", values=listed(f":{name} = {value}" for name, value in request.parameters)
        )
    if request.case_number:
        more += t("diff.word.case", number=request.case_number)
    if example.grant.region:
        more += t("diff.word.granted", region=example.grant.region)
    return t(
        "diff.line.example",
        who=request.requester.code,
        level=t(f"catalogue.level_word.{request.requester.level}"),
        region=request.requester.region,
        question=request.question,
        purpose=request.purpose,
        more=more,
        at=f"{request.at.astimezone(CHINA):%Y-%m-%d %H:%M}",
    )


def _decided(decision: Decision) -> str:
    if decision.permit:
        return t("diff.word.permit", rule=decision.rule)
    clause = clause_label(decision.clause, language())
    if decision.rule:
        return t("diff.word.deny-rule", clause=clause, rule=decision.rule)
    return t("diff.word.deny", clause=clause)


def _change_lines(change: Change, titles: Titles) -> Iterator[str]:
    dataset = titles.dataset(change.dataset)
    about = t("diff.word.dataset", dataset=dataset)
    if change.dataset == "-":
        about = t("diff.word.everything")
    elif change.about:
        about = t("diff.word.of", dataset=dataset, about=titles.question(change.dataset, change.about))
    part = find(f"diff.part.{change.part}", language()) or change.part
    direction = t(f"diff.direction.{change.direction.value}")
    if not change.before and not change.after:
        yield t("diff.line.change-alone", about=about, part=part, direction=direction)
    else:
        before, after = change.before or "-", change.after or "-"
        yield t("diff.line.change", about=about, part=part, before=before, after=after, direction=direction)
    if change.compared is not None:
        yield "  " + t(f"diff.relation.{change.compared.relation.value}")
        for record in change.compared.records:
            yield "  " + _record(record)


def _record(record: Record) -> str:
    values = [
        f"{name} = {t('diff.word.null') if value is None else value}" for name, value in record.values.items()
    ]
    values += [f":{name} = {value}" for name, value in record.asked.items()]
    before, after = (
        t("diff.word.absent") if answer is None else t(_ANSWERS[answer]) if answer in _ANSWERS else answer
        for answer in (record.before, record.after)
    )
    return t("diff.line.record", values=listed(values), before=before, after=after)


def _finding_view(finding: DiffFinding) -> FindingView:
    example = finding.example
    request = example.request
    return FindingView(
        dataset=finding.dataset,
        kind=finding.kind.value,
        widens=finding.kind.widens,
        questions=tuple(asked_words(each, each.question) for each in finding.asked),
        where=where(finding),
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
            grant_region=example.grant.region,
            before=_decided_view(example.before),
            after=_decided_view(example.after),
        ),
    )


def _decided_view(decision: Decision) -> DecidedView:
    return DecidedView(decision.permit, decision.rule, decision.clause)
