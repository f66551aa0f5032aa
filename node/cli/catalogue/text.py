"""A catalogue entry in words: what there is, who may ask it for what, and how to get it (Art. 19)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from node.cli.terminal.output import Terminal, when
from node.texts.wording import find, labelled, language, listing, sentences, t

if TYPE_CHECKING:
    from node.client.catalogue import (
        CatalogueApproval,
        CatalogueEntry,
        CatalogueField,
        CatalogueQuestion,
        UsageRule,
    )

_MOST_ITEMS = 12


def word(kind: str, code: str) -> str:
    """The word for a code, such as "daily"; other catalogues may have codes that are none of ours."""
    return find(f"catalogue.{kind}_word.{code}", language()) or code


def title_of(entry: CatalogueEntry | CatalogueField | CatalogueQuestion) -> str:
    """The title in the language spoken, as far as there is one."""
    titles = (entry.title_en, entry.title) if language() == "en" else (entry.title, entry.title_en)
    return titles[0] or titles[1]


def name_lines(entry: CatalogueEntry) -> list[str]:
    """The name, where it was imported from, and who approved it."""
    lines = [
        f"{entry.provider}/{entry.dataset}  {title_of(entry)}"
        + (t("approval.mark") if entry.unapproved else "")
    ]
    if entry.imported_from:
        lines.append(
            "  " + t("catalogue.imported", publisher=entry.imported_from, at=when(entry.imported_at))
        )
    return lines


def show_entry(terminal: Terminal, entry: CatalogueEntry) -> None:
    """Print all of an entry."""
    terminal.result(entry, *_each_one_line(head_lines(entry)), "")
    columns = ("name", "title", "type", "sensitivity", "level", "values")
    items = [item_row(field) for field in entry.fields]
    terminal.table([t(f"catalogue.column.{column}") for column in columns], items, t("label.none"))
    for question in entry.questions:
        terminal.result(entry, "", *_each_one_line(question_lines(question, entry)))
    terminal.result(entry, "", *_each_one_line(last_lines(entry)))


def show_hit(terminal: Terminal, entry: CatalogueEntry) -> None:
    """Print what was found, in short."""
    terminal.result(entry, *_each_one_line(hit_lines(entry)), "")


def _each_one_line(lines: Iterable[str]) -> Iterator[str]:
    """The lines, of which no text of another department can make two: the second might say anything."""
    return (line.replace("\n", " ") for line in lines)


def hit_lines(entry: CatalogueEntry) -> list[str]:
    """What was found, in short, and how to get it."""
    lines = [*name_lines(entry), *_labelled("  ", _sharing(entry))]
    if entry.sharing == "not_shared":
        return [*lines, "  " + t("catalogue.reason", reason=entry.reason, basis=entry.legal_basis)]
    items = [title_of(field) or field.name for field in entry.fields]
    shown = [*items[:_MOST_ITEMS], *(["…"] if len(items) > _MOST_ITEMS else [])]
    lines += _labelled("  ", [("items", listing(shown))])
    for question in entry.questions:
        lines.append(
            "  "
            + t(
                "catalogue.hit",
                name=question.name,
                title=title_of(question),
                kind=word("kind", question.kind),
            )
        )
        for rule in _rules_for(question, entry):
            lines += _labelled("    ", [("to", _whom(rule)), ("purposes", listing(rule.purposes))])
    if not entry.questions:
        lines.append("  " + t("catalogue.no_questions", provider=entry.provider))
    lines.append("  " + t(f"catalogue.get.{entry.sharing}", provider=entry.provider, dataset=entry.dataset))
    return lines


def head_lines(entry: CatalogueEntry) -> list[str]:
    """All of an entry but its data items and questions."""
    personal = t("label.yes") if entry.personal else t("label.no")
    lines = [
        *name_lines(entry),
        *_labelled("", [("provider", entry.provider), *_sharing(entry)]),
    ]
    if entry.sharing == "not_shared":
        lines.append(t("catalogue.reason", reason=entry.reason, basis=entry.legal_basis))
    lines += _labelled(
        "",
        [
            ("update", word("update", entry.update)),
            ("format", word("format", entry.format)),
            ("subject", word("type", entry.subject.type)),
        ],
    )
    if entry.data_as_of is not None:
        key = "catalogue.data_overdue" if entry.data_overdue else "catalogue.data_as_of"
        lines.append(t(key, as_of=when(entry.data_as_of)))
    lines.append(t("catalogue.level", level=entry.level, personal=personal))
    lines += (t("approval.approved", by=approved_by(each)) for each in entry.approvals)
    return lines


def approved_by(approval: CatalogueApproval) -> str:
    """Who approved an entry, and when."""
    role = t(f"approval.role_name.{approval.role}")
    return t("approval.by", role=role, person=approval.person, at=when(approval.at))


def item_row(field: CatalogueField) -> tuple[str, ...]:
    """A data item under the columns name, title, type, sensitivity, level, values."""
    values = listing(field.values)
    bounds = ["" if bound is None else str(bound) for bound in (field.minimum, field.maximum)]
    if any(bounds):
        values = "–".join(bounds)
    return (
        field.name,
        title_of(field),
        word("type", field.type),
        word("sensitivity", field.sensitivity),
        str(field.level or ""),
        values,
    )


def question_lines(question: CatalogueQuestion, entry: CatalogueEntry) -> Iterator[str]:
    """All of a question, with every condition of use."""
    yield f"{question.name}  {title_of(question)}"
    ceiling = [word("sensitivity", question.ceiling_sensitivity)] if question.ceiling_sensitivity else []
    if question.ceiling_level:
        ceiling.insert(0, f"{t('catalogue.column.level')} {question.ceiling_level}")
    yield from _labelled(
        "  ",
        [
            ("kind", word("kind", question.kind)),
            ("asks", question.expression),
            *(("parameters", f"{name} = {' | '.join(given)}") for name, given in question.parameters.items()),
            ("claims", listing(_claim(name, tries) for name, tries in question.claims.items())),
            ("ceiling", listing(ceiling)),
        ],
    )
    if question.statistic is not None:
        terms = question.statistic
        yield "  " + t(
            "catalogue.release", epsilon=_epsilon(terms.epsilon_micros), rows=terms.unit_contributes
        )
    for rule in _rules_for(question, entry):
        use = (("to", _whom(rule)), ("purposes", listing(rule.purposes)), ("when", _when(rule)))
        parts = _labelled("", [*use, ("limits", _limits(rule))])
        yield "  " + labelled(f"{t('catalogue.rule')} {rule.id}", sentences(parts))


def last_lines(entry: CatalogueEntry) -> Iterator[str]:
    """What holds for all questions together, and how to get answers."""
    for each in entry.forbidden_together:
        yield t("catalogue.together", questions=listing(each.questions), days=each.within_days)
    if entry.privacy is not None:
        budget = entry.privacy
        yield t(
            "catalogue.budget",
            dataset=_epsilon(budget.dataset_micros),
            organisation=_epsilon(budget.organisation_micros),
            requester=_epsilon(budget.requester_micros),
            period=word("period", budget.period),
        )
        if budget.account != entry.dataset:
            yield t("catalogue.account", account=budget.account)
    if entry.sharing != "not_shared":
        yield t(f"catalogue.get.{entry.sharing}", provider=entry.provider, dataset=entry.dataset)


def _sharing(entry: CatalogueEntry) -> list[tuple[str, str]]:
    return [
        ("sharing", word("sharing", entry.sharing)),
        ("scope", entry.scope),
        ("use", entry.use),
        ("modes", listing(word("mode", mode) for mode in entry.modes)),
    ]


def _rules_for(question: CatalogueQuestion, entry: CatalogueEntry) -> list[UsageRule]:
    return [rule for rule in entry.rules if question.name in rule.allow]


def _whom(rule: UsageRule) -> str:
    named: Sequence[tuple[str, Iterable[str]]] = (
        ("departments", rule.departments),
        ("levels", [word("level", level) for level in rule.levels]),
        ("regions", rule.regions),
    )
    return listing(t(f"catalogue.{key}", list=listing(values)) for key, values in named if values) or t(
        "catalogue.anyone"
    )


def _when(rule: UsageRule) -> str:
    return listing(
        each
        for each in (
            t("catalogue.workdays") if rule.workdays else "",
            rule.hours,
            t("catalogue.case_number", form=rule.case_number) if rule.case_number else "",
            t("catalogue.from", day=rule.effective_from) if rule.effective_from else "",
            t("catalogue.until", day=rule.effective_until) if rule.effective_until else "",
            t("catalogue.own_region") if rule.own_region else "",
        )
        if each
    )


def _limits(rule: UsageRule) -> str:
    amounts = (("per_day", rule.per_day), ("per_subject", rule.per_subject_per_day))
    return listing(t(f"catalogue.{key}", count=count) for key, count in amounts if count)


def _claim(name: str, tries: int) -> str:
    return t("catalogue.claim", name=name, tries=tries) if tries else name


def _epsilon(micros: int) -> str:
    return f"{micros / 1_000_000:g}"


def _labelled(indent: str, parts: Iterable[tuple[str, str]]) -> list[str]:
    """Lines of what there is, each with what it is."""
    return [indent + labelled(t(f"catalogue.{key}"), value) for key, value in parts if value]
