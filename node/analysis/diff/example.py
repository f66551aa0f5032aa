"""One concrete request, and a grant that covers it, out of a part of the space of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from stdnum.cn import uscc

from node.analysis.diff.cases import case_number_classes
from node.analysis.diff.dimensions import DayDimension
from node.analysis.diff.space import (
    ELSEWHERE,
    NO_GRANT_REGION,
    Areas,
    Cases,
    Days,
    Departments,
    Levels,
    Part,
    Purposes,
    Regions,
    Times,
)
from node.analysis.diff.trees import PurposeDimension, unlisted_below
from node.core.deciding.grant import Grant, GrantState
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind
from node.core.policy.request import Request, RequestingDepartment
from node.core.workdays import Calendar

PartT = TypeVar("PartT", bound=Part)
# First digits of regions that serve as examples, the usual first.
_PROVINCES = ("44", "11", "31", *(str(province) for province in range(12, 66)))
_USUAL_LEVEL = "city"
_USUAL_MINUTE = 10 * 60


@dataclass(frozen=True, slots=True)
class Forms:
    """A question of a dataset, and the values that its parameters may have here; all if it names none.

    `subjects` is how many a request is about, if the question is about any.
    """

    dataset: str
    question: Question
    values: Mapping[str, tuple[str, ...]]
    subjects: int = 1


@dataclass(frozen=True, slots=True)
class Setting:
    """What examples are made with: the calendar's days, the purposes, known departments, and a first date."""

    days: DayDimension
    purposes: PurposeDimension
    departments: Sequence[str]
    calendar: Calendar
    today: date


def example_of(forms: Forms, parts: Mapping[str, Part], setting: Setting) -> tuple[Request, Grant]:
    """A request that lies in every part, and a grant that covers it."""
    question = forms.question
    region = _region(_of(parts, "regions", Regions))
    at = _moment(_of(parts, "days", Days), _of(parts, "hours", Times), setting)
    request = Request(
        requester=RequestingDepartment(
            _department(_of(parts, "departments", Departments), setting.departments),
            region,
            _level(_of(parts, "levels", Levels)),
            suspended=False,
        ),
        dataset=forms.dataset,
        question=question.name,
        parameters=tuple(
            (name, forms.values.get(name, parameter.choices)[0])
            for name, parameter in question.parameters.items()
        ),
        claims=frozenset(question.claims),
        purpose=_purpose(_of(parts, "purposes", Purposes), setting.purposes),
        case_number=_case_number(_of(parts, "case_number", Cases)),
        grant_id="(supposed)",
        subjects=0 if question.kind is QuestionKind.STATISTIC else forms.subjects,
        at=at,
    )
    return request, _grant(request, _granted_region(_of(parts, "areas", Areas), region))


def _of(parts: Mapping[str, Part], name: str, kind: type[PartT]) -> PartT:
    part = parts[name]
    if not isinstance(part, kind):
        raise TypeError(name)
    return part


def _department(part: Departments, known: Sequence[str]) -> str:
    if not part.others:
        return min(part.named)
    for code in known:
        if code not in part.named:
            return code
    number = 1
    while True:
        body = f"1100000000{number:07}"
        code = body + uscc.calc_check_digit(body)
        if code not in part.named:
            return code
        number += 1


def _level(part: Levels) -> str:
    return _USUAL_LEVEL if _USUAL_LEVEL in part.named else min(part.named)


def _region(part: Regions) -> str:
    branch = min(part.branches, key=lambda each: (not each.top, each.top))
    if branch.top:
        return branch.top.ljust(6, "0")
    taken = {hole[:2] for hole in branch.but}
    return next((digits for digits in _PROVINCES if digits not in taken), "00") + "0000"


def _granted_region(part: Areas, own: str) -> str:
    if NO_GRANT_REGION in part.named:
        return ""
    if ELSEWHERE not in part.named:
        return own
    return next(digits for digits in _PROVINCES if digits != own[:2]) + "0000"


def _purpose(part: Purposes, purposes: PurposeDimension) -> str:
    if part.branches:
        return min((branch.top for branch in part.branches), key=_simplest)
    if part.single:
        return min(part.single, key=_simplest)
    branch = min(part.unlisted, key=lambda each: _simplest(each.top))
    return unlisted_below(branch.top, branch.but.union(purposes.listed))


def _simplest(code: str) -> tuple[int, str]:
    return code.count("/"), code


def _moment(days: Days, times: Times, setting: Setting) -> datetime:
    candidates = []
    today = setting.today.toordinal()
    for spans, workday in ((days.work, True), (days.off, False)):
        for start, end in spans:
            for first in (max(start, today), start):
                day = setting.days.first_day(first, end, workday=workday)
                if day is not None:
                    candidates.append((day.toordinal() < today, not workday, day))
                    break
    minute = next(
        (_USUAL_MINUTE for start, end in times.spans if start <= _USUAL_MINUTE < end), times.spans[0][0]
    )
    local = datetime.combine(min(candidates)[-1], time(minute // 60, minute % 60), setting.calendar.zone)
    return local.astimezone(UTC) if local.year > 1 else local


def _case_number(part: Cases) -> str:
    form = min(part.forms, key=lambda each: (len(each.has) + len(each.lacks), sorted(each.has)))
    texts = sorted(form.has | form.lacks)
    for items, word in case_number_classes(texts).items():
        has = {texts[item] for item in items}
        if form.has <= has and not form.lacks & has:
            return word
    raise AssertionError("a form that a case number has")


def _grant(request: Request, region: str) -> Grant:
    return Grant(
        id=request.grant_id,
        provider="",
        requester=request.requester.code,
        dataset=request.dataset,
        questions=frozenset({request.question}),
        purposes=(request.purpose,),
        region=region,
        subjects_per_day=0,
        valid_from=request.at,
        valid_until=request.at + timedelta(minutes=1),
        state=GrantState.ACTIVE,
        basis="",
        scenario="",
        note="",
    )
