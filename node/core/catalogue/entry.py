"""The catalogue entry that is published of a policy: all that it says, so that nothing else is enforced.

Decree 809, Art. 13 and 15. What an entry does not say is the file's own text, such as comments;
`tests/unit/core/catalogue/test_catalogue_entry.py` changes every part of a policy and sees the entry change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.core.policy.dataset import Dataset, Field, Sharing
from node.core.policy.policy import Budget, Policy
from node.core.policy.question import Ceiling, Combination, Question, Statistic
from node.core.policy.question_kind import kind_to_message
from node.core.policy.rule import Rule
from node.v1 import catalogue_pb2 as pb

if TYPE_CHECKING:
    from datetime import date

_SHARING = {
    Sharing.UNCONDITIONAL: pb.SHARING_ATTRIBUTE_UNCONDITIONAL,
    Sharing.CONDITIONAL: pb.SHARING_ATTRIBUTE_CONDITIONAL,
    Sharing.NOT_SHARED: pb.SHARING_ATTRIBUTE_NOT_SHARED,
}


def entry_of(policy: Policy) -> pb.Dataset:
    """The whole entry."""
    dataset = policy.dataset
    return pb.Dataset(
        summary=summary_of(dataset),
        level=dataset.level,
        personal=dataset.personal,
        fields=[_field(field) for field in dataset.fields.values()],
        questions=[_question(question, policy) for question in policy.questions.values()],
        reason=dataset.reason,
        legal_basis=dataset.legal_basis,
        digest=dataset.digest,
        format=dataset.format,
        modes=dataset.modes,
        scope=dataset.scope,
        use=dataset.use,
        subject=pb.SubjectItem(
            field=dataset.subject.field,
            type=dataset.subject.type,
            region_field=dataset.subject.region_field,
        ),
        rules=[_rule(rule, policy) for rule in policy.rules],
        forbidden_together=[_combination(each) for each in _combinations(policy)],
        privacy=_budget(policy.budget, dataset.name),
    )


def summary_of(dataset: Dataset) -> pb.DatasetSummary:
    """What a list shows of a dataset."""
    return pb.DatasetSummary(
        dataset=dataset.name,
        title=dataset.title,
        title_en=dataset.title_en,
        provider=dataset.provider,
        sharing=_SHARING[dataset.sharing],
        update=dataset.update,
    )


def _field(field: Field) -> pb.Field:
    return pb.Field(
        name=field.name,
        title=field.title,
        title_en=field.title_en,
        type=field.type,
        sensitivity=field.sensitivity,
        level=field.level,
        values=field.values,
        minimum=field.minimum,
        maximum=field.maximum,
    )


def _question(question: Question, policy: Policy) -> pb.Question:
    return pb.Question(
        name=question.name,
        title=question.title,
        title_en=question.title_en,
        kind=kind_to_message(question.kind),
        expression=question.text,
        reads=sorted(question.fields),
        parameters=[
            pb.QuestionParameter(name=parameter.name, type=parameter.type, choices=parameter.choices)
            for parameter in question.parameters.values()
        ],
        claims=list(question.claims),
        claim_limits=[
            pb.QuestionClaim(
                name=claim.name, type=claim.type, wrong_tries_per_subject=claim.wrong_tries_per_subject
            )
            for claim in question.claims.values()
        ],
        ceiling=_ceiling(question.ceiling),
        statistic=_statistic(question.statistic),
        conditions=[_condition(rule) for rule in policy.rules_for(question.name)],
    )


def _ceiling(ceiling: Ceiling | None) -> pb.Ceiling | None:
    if ceiling is None:
        return None
    return pb.Ceiling(level=ceiling.level or 0, sensitivity=ceiling.sensitivity or "")


def _statistic(statistic: Statistic | None) -> pb.StatisticTerms | None:
    """The terms of a release; what is counted stands in the question's own text."""
    if statistic is None:
        return None
    return pb.StatisticTerms(
        group_by=[pb.CountedBy(field=group.name, values=group.values) for group in statistic.group_by],
        unit_contributes=statistic.unit_contributes,
        epsilon_micros=statistic.epsilon_micros,
    )


def _condition(rule: Rule) -> pb.Condition:
    return pb.Condition(
        rule=rule.id,
        to=rule.to.text(),
        purposes=rule.purposes,
        when=rule.conditions(),
        limits=rule.limits.text(),
    )


def _rule(rule: Rule, policy: Policy) -> pb.UsageRule:
    return pb.UsageRule(
        id=rule.id,
        allow=[name for name in policy.questions if name in rule.allow],
        departments=rule.to.departments,
        levels=rule.to.levels,
        regions=rule.to.regions,
        purposes=rule.purposes,
        case_number=rule.when.case_number,
        workdays=rule.when.workdays,
        hours=str(rule.when.hours or ""),
        effective_from=_day(rule.effective.first),
        effective_until=_day(rule.effective.last),
        own_region=rule.own_region,
        per_day=rule.limits.per_day or 0,
        per_subject_per_day=rule.limits.per_subject_per_day or 0,
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


def _combinations(policy: Policy) -> dict[Combination, None]:
    """Each combination once, in the order of the questions that it holds."""
    return dict.fromkeys(each for question in policy.questions.values() for each in question.combinations)


def _combination(combination: Combination) -> pb.ForbiddenCombination:
    return pb.ForbiddenCombination(
        id=combination.id, questions=combination.questions, within_days=combination.days
    )


def _budget(budget: Budget | None, dataset: str) -> pb.PrivacyBudget | None:
    if budget is None:
        return None
    return pb.PrivacyBudget(
        dataset_micros=budget.dataset_micros,
        organisation_micros=budget.organisation_micros,
        requester_micros=budget.requester_micros,
        period=budget.period,
        account="" if budget.account == dataset else budget.account,
    )
