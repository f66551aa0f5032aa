"""Who may learn what of a dataset, and for what: whole sentences that a head of department can sign.

All that decides stands in them, and nothing that does not: `test_policy_statement.py` changes every part of a
policy and sees the sentences change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from node.analysis.statements.answers import answer_kinds, meaning
from node.analysis.statements.phrases import Words, asked, listed, micros, number, titled
from node.core.policy.dataset import Sharing
from node.core.policy.policy import Budget, Policies, Policy
from node.core.policy.question import Combination, Derived, Question
from node.core.policy.question_kind import QuestionKind
from node.core.policy.rule import Rule
from node.core.policy.suppression import Suppression
from node.texts.wording import t


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence; `about` names the rule, question, field or combination that it is about.

    `parts` are what it lists below itself.
    """

    about: str
    text: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Sentences about one matter; `key` is the same in every language."""

    key: str
    title: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """All that is said of one dataset."""

    dataset: str
    title: str
    sections: tuple[Section, ...]


def statement_of(policies: Policies, policy: Policy, names: Mapping[str, str] | None = None) -> Statement:
    """The statement of one policy in the language spoken; `names` are the titles of departments by code."""
    dataset = policy.dataset
    words = Words(policies, policy, names)
    allowed = [
        question
        for question in policy.questions.values()
        if any(question.name in rule.allow for rule in policy.rules)
    ]
    shared = dataset.sharing is not Sharing.NOT_SHARED
    sections = (
        ("about", _about(words)),
        ("fields", (Sentence(field.name, words.described(field)) for field in dataset.fields.values())),
        ("rules", _rules(words) if shared else ()),
        ("purposes", (Sentence(code, words.covered(code)) for code in _purposes(policy))),
        ("questions", (Sentence(each.name, meaning(each, words)) for each in allowed)),
        ("budget", _budget(words, policy.budget, allowed)),
        ("together", (_together(each, words) for each in _combinations(policy))),
        ("nobody", _nobody(words, allowed) if shared else [Sentence("", t("statement.nobody.everything"))]),
        ("accepted", (Sentence(each.at, _accepted(each)) for each in policy.accepted)),
        ("always", _always(words) if shared else ()),
    )
    built = [(key, tuple(sentences)) for key, sentences in sections]
    return Statement(
        dataset.name,
        t("statement.title.whole", title=titled(dataset.name, dataset.title, dataset.title_en)),
        tuple(Section(key, t(f"statement.title.{key}"), sentences) for key, sentences in built if sentences),
    )


def _about(words: Words) -> Iterator[Sentence]:
    dataset = words.dataset
    yield Sentence(
        "",
        t(
            "statement.about.provider",
            dataset=titled(dataset.name, dataset.title, dataset.title_en),
            who=words.department(dataset.provider),
        ),
    )
    modes = listed(t(f"statement.mode.{mode}") for mode in dataset.modes) if dataset.modes else ""
    words_of = {
        "modes": modes,
        "scope": dataset.scope,
        "use": dataset.use,
        "reason": dataset.reason,
        "legal_basis": dataset.legal_basis,
    }
    yield Sentence("", t(f"statement.about.{dataset.sharing}", **words_of))
    personal = t("statement.about.personal" if dataset.personal else "statement.about.impersonal")
    yield Sentence("", t("statement.about.level", level=dataset.level, personal=personal))
    format_, update = t(f"statement.format.{dataset.format}"), t(f"statement.update.{dataset.update}")
    yield Sentence("", t("statement.about.kept", format=format_, update=update))
    subject = dataset.subject
    type_ = t(f"statement.identifier.{subject.type}")
    yield Sentence("", t("statement.about.subject", unit=words.unit, type=type_, field=subject.field))
    if subject.region_field:
        placed = words.field(subject.region_field)
        yield Sentence("", t("statement.about.placed", unit=words.unit, field=placed))
    else:
        yield Sentence("", t("statement.about.unplaced", unit=words.unit))


def _rules(words: Words) -> Iterator[Sentence]:
    rules = words.policy.rules
    if not rules:
        yield Sentence("", t("statement.rule.none"))
    for rule in rules:
        yield _rule(rule, words)
    if any(rule.when.workdays for rule in rules):
        yield Sentence("", t("statement.when.provisional"))
    if len(rules) > 1:
        yield Sentence("", t("statement.rule.order"))


def _rule(rule: Rule, words: Words) -> Sentence:
    questions = [each for each in words.policy.questions.values() if each.name in rule.allow]
    kinds = [
        t(f"statement.rule.{kind}", questions=listed(map(words.short, of_kind)))
        for kind, of_kind in answer_kinds(questions)
    ]
    only = kinds[0] if len(kinds) == 1 else ""
    text = t(
        "statement.rule.one" if only else "statement.rule.several",
        who=words.who(rule.to),
        what=only,
        purposes=listed(map(words.purpose, rule.purposes)),
        when=words.when(rule),
        limits=words.limits(rule, questions),
        where=t("statement.where.own" if rule.own_region else "statement.where.all", people=words.people),
        case=words.case_number(rule),
        rule=rule.id,
    )
    return Sentence(rule.id, text[0].upper() + text[1:], () if only else tuple(kinds))


def _purposes(policy: Policy) -> list[str]:
    return list(dict.fromkeys(code for rule in policy.rules for code in rule.purposes))


def _budget(words: Words, budget: Budget | None, allowed: list[Question]) -> Iterator[Sentence]:
    if budget is None:
        return
    circles = {
        "dataset": budget.dataset_micros,
        "organisation": budget.organisation_micros,
        "requester": budget.requester_micros,
    }
    amounts = {circle: micros(amount) for circle, amount in circles.items()}
    period = t(f"statement.period.{budget.period}")
    statistics = [each for each in allowed if each.statistic is not None]
    key = "statement.statistic.budget" if statistics else "statement.statistic.unused"
    yield Sentence("", t(key, period=period, unit=words.unit, **amounts))
    yield Sentence("", t("statement.statistic.account", account=budget.account))
    for question in statistics:
        if question.statistic is not None:
            price = question.statistic.epsilon_micros
            lasts = {circle: number(amount // price) for circle, amount in circles.items()}
            yield Sentence(
                question.name, t("statement.statistic.releases", question=words.short(question), **lasts)
            )
    if statistics:
        yield Sentence("", t("statement.statistic.again"))


def _combinations(policy: Policy) -> list[Combination]:
    every = (each for question in policy.questions.values() for each in question.combinations)
    return list(dict.fromkeys(every))


def _together(combination: Combination, words: Words) -> Sentence:
    named = listed(map(words.asked_anywhere, combination.questions))
    text = t(
        "statement.together.item", questions=named, unit=words.unit, days=combination.days, id=combination.id
    )
    return Sentence(combination.id, text)


def _nobody(words: Words, allowed: list[Question]) -> Iterator[Sentence]:
    read = {field for question in allowed for field in question.fields}
    unread = [field for field in words.dataset.fields.values() if field.name not in read]
    if unread:
        yield Sentence(
            "", t("statement.nobody.fields", fields=listed(words.field(field.name) for field in unread))
        )
    else:
        yield Sentence("", t("statement.nobody.no-fields"))
    # A region may be no finer than what it is cut to.
    plain = {
        question.derivation.field
        for question in allowed
        if question.derivation is not None and question.derivation.how in (Derived.PLAIN, Derived.REGION)
    }
    hidden = [field for field in words.dataset.fields.values() if field.name in read - plain]
    if hidden:
        yield Sentence(
            "", t("statement.nobody.values", fields=listed(words.field(field.name) for field in hidden))
        )
    others = [each for each in words.policy.questions.values() if each not in allowed]
    if others:
        yield Sentence("", t("statement.nobody.questions", questions=listed(map(asked, others))))
    elif words.policy.questions:
        yield Sentence("", t("statement.nobody.no-questions"))


def _accepted(acceptance: Suppression) -> str:
    about = t("statement.accepted.about", about=acceptance.about) if acceptance.about else ""
    return t(
        "statement.accepted.item",
        warning=acceptance.warning,
        at=acceptance.at,
        about=about,
        because=acceptance.because,
    )


def _always(words: Words) -> Iterator[Sentence]:
    kinds = {question.kind for question in words.policy.questions.values()}
    yield Sentence("", t("statement.always.else", people=words.people))
    yield Sentence("", t("statement.always.grant", units=words.units))
    if kinds - {QuestionKind.STATISTIC}:
        yield Sentence("", t("statement.always.absent", unit=words.unit))
