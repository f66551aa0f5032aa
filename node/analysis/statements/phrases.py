"""The words of a statement: departments, purposes, times, limits, data items, as they stand in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

from node.core.policy.dataset import Dataset, Field, FieldType
from node.core.policy.policy import Policies, Policy
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind
from node.core.policy.rule import Rule, To
from node.core.purpose import Purpose, PurposeTree, purpose_line
from node.texts.wording import language, t

_MOST_BELOW = 20
"""Above this, purposes below a purpose are counted and not named."""
_CASE_SIGNS = {"#": "digit", "@": "letter", "*": "any"}


def listed(values: Iterable[str]) -> str:
    """A, B and C."""
    return _joined("and", values)


def choice(values: Iterable[str]) -> str:
    """A, B or C."""
    return _joined("or", values)


def _joined(word: str, values: Iterable[str]) -> str:
    *first, last = values
    return (
        t(f"statement.list.{word}", first=t("statement.list.comma").join(first), last=last) if first else last
    )


def number(value: int) -> str:
    """A number with its thousands set apart."""
    return f"{value:,}"


def micros(value: int) -> str:
    """An epsilon, from millionths of it."""
    whole, rest = divmod(value, 1_000_000)
    return f"{whole:,}" + (f".{rest:06}".rstrip("0") if rest else "")


def titled(name: str, title: str, title_en: str) -> str:
    """Something by its title in the language spoken, and by its name."""
    shown = _title(title, title_en)
    return name if shown == name else t("statement.field.title", title=shown, name=name)


def asked(question: Question) -> str:
    """A question by its title and name."""
    return titled(question.name, question.title, question.title_en)


def item(field: Field) -> str:
    """A data item by its title and name."""
    return titled(field.name, field.title, field.title_en)


def quoted(values: Iterable[str]) -> Iterator[str]:
    """Values as they stand in the data."""
    return (t("statement.predicate.text", text=value) for value in values)


def _title(title: str, title_en: str) -> str:
    return title if language() == "zh" else title_en


@dataclass(frozen=True)
class Words:
    """What the sentences about one dataset are made with.

    `names` are the titles of departments by code, None if there is no directory to take them from.
    """

    policies: Policies
    policy: Policy
    names: Mapping[str, str] | None

    @property
    def purposes(self) -> PurposeTree | None:
        """The purposes that there are, None if there is no tree of them."""
        return self.policies.purposes

    @property
    def dataset(self) -> Dataset:
        """The catalogue entry."""
        return self.policy.dataset

    def short(self, question: Question) -> str:
        """A question by its title alone, if no other has the same; its name is told with its meaning."""
        shown = _title(question.title, question.title_en)
        return t("statement.predicate.text", text=shown) if self._questions[shown] == 1 else asked(question)

    def asked_anywhere(self, name: str) -> str:
        """A question of this dataset, or as `dataset/question` of another one, by its title and name."""
        if (own := self.policy.questions.get(name)) is not None:
            return self.short(own)
        dataset, _, question = name.partition("/")
        policy = self.policies.get(dataset)
        known = policy.questions.get(question) if policy is not None else None
        return name if known is None else titled(name, known.title, known.title_en)

    @cached_property
    def _questions(self) -> Counter[str]:
        return Counter(_title(each.title, each.title_en) for each in self.policy.questions.values())

    @cached_property
    def _fields(self) -> Counter[str]:
        return Counter(_title(each.title, each.title_en) for each in self.dataset.fields.values())

    @cached_property
    def _purposes(self) -> Counter[str]:
        every = self.purposes.purposes.values() if self.purposes is not None else ()
        return Counter(_title(each.title, each.title_en) for each in every)

    @cached_property
    def _below(self) -> Mapping[str, list[str]]:
        """Each purpose to all that are below it."""
        below: dict[str, list[str]] = {}
        for code in self.purposes.purposes if self.purposes is not None else ():
            for above in purpose_line(code)[1:]:
                below.setdefault(above, []).append(code)
        return below

    @property
    def unit(self) -> str:
        """What one subject is."""
        return t(f"statement.unit.{self.dataset.subject.type}.one")

    @property
    def units(self) -> str:
        """What subjects are, where they are counted."""
        return t(f"statement.unit.{self.dataset.subject.type}.many")

    @property
    def people(self) -> str:
        """What subjects are, where they are not counted."""
        return t(f"statement.unit.{self.dataset.subject.type}.people")

    def department(self, code: str) -> str:
        """A department by its title and code."""
        if self.names is None:
            return code
        title = self.names.get(code)
        return (
            t("statement.who.unlisted", code=code)
            if title is None
            else t("label.named", title=title, code=code)
        )

    def field(self, name: str) -> str:
        """A data item by its title alone, if no other has the same; its name is told with its type."""
        known = self.dataset.fields.get(name)
        if known is None:
            return name
        shown = _title(known.title, known.title_en)
        return t("statement.predicate.text", text=shown) if self._fields[shown] == 1 else item(known)

    def who(self, to: To) -> str:
        """The departments that a rule is for."""
        levels = choice(t(f"catalogue.level_word.{level}") for level in to.levels) if to.levels else ""
        regions = choice(to.regions) if to.regions else ""
        if to.groups or to.listed:
            named = listed(
                [
                    *(
                        t(
                            "statement.who.group",
                            title=_title(group.title, group.title_en),
                            name=group.name,
                            departments=listed(map(self.department, sorted(group.departments))),
                        )
                        for group in to.groups
                    ),
                    *map(self.department, to.listed),
                ]
            )
            key = {
                (False, False): "departments",
                (True, False): "and-levels",
                (False, True): "and-regions",
                (True, True): "and-both",
            }[bool(levels), bool(regions)]
            return t(f"statement.who.{key}", departments=named, levels=levels, regions=regions)
        key = {
            (False, False): "anyone",
            (True, False): "levels",
            (False, True): "regions",
            (True, True): "levels-regions",
        }[bool(levels), bool(regions)]
        return t(f"statement.who.{key}", levels=levels, regions=regions)

    def purpose(self, code: str) -> str:
        """A purpose by its title alone, if no other has the same; its code is told with what it covers."""
        known = self._known(code)
        if known is None:
            return t("statement.predicate.text", text=code)
        shown = _title(known.title, known.title_en)
        return t("statement.predicate.text", text=shown) if self._purposes[shown] == 1 else self._coded(code)

    def covered(self, code: str) -> str:
        """What a purpose covers beside itself."""
        if self.purposes is None:
            return t("statement.purpose.open", purpose=self._coded(code))
        below = self._below.get(code, [])
        if not below:
            return t("statement.purpose.plain", purpose=self._coded(code))
        if len(below) > _MOST_BELOW:
            return t("statement.purpose.many", purpose=self._coded(code), count=number(len(below)))
        return t(
            "statement.purpose.below", purpose=self._coded(code), children=listed(map(self._coded, below))
        )

    def _coded(self, code: str) -> str:
        known = self._known(code)
        return code if known is None else titled(code, known.title, known.title_en)

    def _known(self, code: str) -> Purpose | None:
        return self.purposes.purposes.get(code) if self.purposes is not None else None

    def when(self, rule: Rule) -> str:
        """When a rule holds."""
        parts = []
        effective, asks = rule.effective, rule.when
        if effective.first is not None and effective.last is not None:
            parts.append(t("statement.when.effective", first=effective.first, last=effective.last))
        elif effective.first is not None:
            parts.append(t("statement.when.from", first=effective.first))
        elif effective.last is not None:
            parts.append(t("statement.when.until", last=effective.last))
        if asks.workdays:
            parts.append(t("statement.when.workdays"))
        elif asks.hours is not None:
            parts.append(t("statement.when.every-day"))
        if asks.hours is not None:
            start, end = str(asks.hours).split("-")
            parts.append(t("statement.when.hours", start=start, end=end))
        if not parts:
            return t("statement.when.any-time")
        return reduce(lambda first, last: t("statement.when.both", first=first, last=last), parts)

    def case_number(self, rule: Rule) -> str:
        """The form of case number that a rule asks for, if it does."""
        form = rule.when.case_number
        if not form:
            return ""
        signs = [t(f"statement.when.sign-{name}") for sign, name in _CASE_SIGNS.items() if sign in form]
        meanings = t("statement.list.comma").join(signs) or t("statement.when.sign-none")
        return t("statement.when.case", form=form, signs=meanings)

    def limits(self, rule: Rule, questions: Sequence[Question]) -> str:
        """How often a rule lets ask."""
        statistic = {question.kind is QuestionKind.STATISTIC for question in questions}
        kind = "-mixed" if len(statistic) > 1 else "-statistic" if statistic == {True} else ""
        alone = len(rule.to.listed) == 1 and not rule.to.groups
        each = "" if alone else t("statement.limit.each")
        parts = []
        if rule.limits.per_day is not None:
            count = number(rule.limits.per_day)
            parts.append(t(f"statement.limit.per-day{kind}", each=each, count=count, units=self.units))
        if rule.limits.per_subject_per_day is not None:
            count = number(rule.limits.per_subject_per_day)
            parts.append(t("statement.limit.per-subject", count=count, unit=self.unit))
        if not parts:
            return t("statement.limit.none")
        limits = t("statement.list.comma").join(parts)
        return t("statement.limit.shared", limits=limits) if len(questions) > 1 else limits

    def described(self, field: Field) -> str:
        """A data item with its type, values, level and sensitivity."""
        values = ""
        if field.values:
            values += t("statement.field.values", values=choice(quoted(field.values)))
        if field.minimum is not None or field.maximum is not None:
            values += t("statement.field.range", minimum=field.minimum, maximum=field.maximum)
        return t(
            "statement.field.item",
            field=item(field),
            type=t(f"statement.field.type.{field.type}"),
            values=values,
            level=field.level,
            sensitivity=t(f"statement.field.sensitivity.{field.sensitivity}"),
        )

    def dated(self, name: str) -> bool:
        """Whether a data item is a date."""
        known = self.dataset.fields.get(name)
        return known is not None and known.type is FieldType.DATE
