"""Builds the policies of a node from the text of their files, and finds all that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType

from node.core.acceptance import Acceptance
from node.core.catalogue import Dataset, Field, FieldType, Sensitivity, Sharing, Subject
from node.core.combination_build import combine, combine_across
from node.core.definitions import NO_DEFINITIONS, Definitions, Group
from node.core.definitions_build import build_definitions, is_definitions
from node.core.document import Document, Node, Path, Plain, read
from node.core.identity import is_credit_code, normalise_region
from node.core.policy import Budget, Policies, Policy, PolicyFile
from node.core.policy_format import (
    EffectivePart,
    FieldPart,
    LimitsPart,
    PolicyPart,
    SharingPart,
    ToPart,
    WhenPart,
)
from node.core.policy_shape import parse
from node.core.predicate import literal_fault
from node.core.problem import Problem, closest, listed
from node.core.question import Question, QuestionKind
from node.core.question_build import QuestionBuilder
from node.core.rule import (
    ALWAYS,
    NO_LIMITS,
    Effective,
    Limits,
    Rule,
    RuleIndex,
    To,
    When,
    compile_case_number,
)
from node.core.workdays import parse_hours
from node.errors import NodeError, Reason

MAX_BUDGET_MICROS = 1_000_000_000
# What each sharing attribute states beside itself, and the problem when it does not.
_STATED: Mapping[Sharing, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        Sharing.UNCONDITIONAL: ("unconditional.missing", ("modes",)),
        Sharing.CONDITIONAL: ("conditional.missing", ("modes", "scope", "use")),
        Sharing.NOT_SHARED: ("not-shared.missing", ("reason", "legal_basis")),
    }
)
_CLOSED = (FieldType.ENUM, FieldType.REGION)
# Harmless values for parts that do not fit, so that the rest of a file is checked all the same.
_STAND_INS: Mapping[str, Node] = MappingProxyType(
    {
        "dataset": "x",
        "title": "x",
        "title_en": "x",
        "provider": "11441900000000019Y",
        "sharing": {"attribute": "conditional", "modes": ["interface", "batch"], "scope": "x", "use": "x"},
        "classification": {"level": Plain("1"), "personal": Plain("true")},
        "update": "daily",
        "format": "database",
        "forbidden_together": [],
        "accepted": [],
        "privacy": {
            "budget": {scope: Plain("1000") for scope in ("dataset", "organisation", "requester")},
            "period": "year",
        },
    }
)


@dataclass(frozen=True, slots=True)
class Checked:
    """What files amount to; `policies` is None if and only if there are problems."""

    policies: Policies | None
    problems: tuple[Problem, ...]
    definitions: Definitions = NO_DEFINITIONS


class PoliciesInvalidError(NodeError):
    """The policies have problems: POLICY_NOT_LOADED, with all of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(
            Reason.POLICY_NOT_LOADED,
            f"the policies have {len(problems)} problem(s), the first at {first.file}:{first.line}:"
            f"{first.column}, {first.message}: run 'dxnode policy check'",
        )
        self.problems = problems


def build_policies(files: Iterable[PolicyFile]) -> Policies:
    """The policies of these files. Raises PoliciesInvalidError (a NodeError, POLICY_NOT_LOADED)."""
    checked = check_files(files)
    if checked.policies is None:
        raise PoliciesInvalidError(checked.problems)
    return checked.policies


def check_files(files: Iterable[PolicyFile]) -> Checked:
    """Read and build every file; never raises for what is in them. All problems at once, by place.

    At most one holds the shared definitions; any other is the policy of one dataset. Without a purpose
    tree, only the spelling of purposes is checked.
    """
    given = sorted(files, key=lambda file: file.name)
    documents = [read(file.name, file.content) for file in given]
    shared = [document for document in documents if is_definitions(document)]
    definitions = build_definitions(shared)
    memberships = definitions.memberships() if definitions is not None else {}
    datasets: dict[str, Policy] = {}
    places: dict[str, Document] = {}
    for file, document in zip(given, documents, strict=True):
        if document.root is None or is_definitions(document):
            continue
        part = parse(document, PolicyPart, _STAND_INS)
        if part is None:
            continue
        if document.at(("dataset",)) == part.dataset:
            first = places.setdefault(part.dataset, document)
            if first is not document:
                problem = document.problem("dataset.twice", ("dataset",), name=part.dataset, other=first.file)
                document.problems.append(problem)
        policy = _Builder(document, definitions, memberships).build(part, file.digest)
        if policy is not None:
            datasets[part.dataset] = policy
    if definitions is not None and definitions.forbidden_together:
        datasets = combine_across(shared[0], definitions.forbidden_together, datasets)
    problems = tuple(
        problem
        for document in documents
        for problem in sorted(document.problems, key=lambda each: (each.line, each.column))
    )
    if problems:
        return Checked(None, problems)
    digest = sha256(b"".join(sorted(file.digest for file in given))).digest()
    purposes = definitions.purposes if definitions is not None else None
    policies = Policies(MappingProxyType(datasets), purposes, digest)
    return Checked(policies, (), definitions or NO_DEFINITIONS)


class _Builder:
    """Builds one policy, adding to the document's problems."""

    def __init__(
        self,
        document: Document,
        definitions: Definitions | None,
        memberships: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._document = document
        self._definitions = definitions
        self._memberships = memberships

    def build(self, part: PolicyPart, digest: bytes) -> Policy | None:
        fields = {
            name: self._field(name, given, part.classification.level) for name, given in part.fields.items()
        }
        dataset = self._dataset(part, fields, digest)
        builder = QuestionBuilder(self._document, fields, part.classification.level, self._definitions)
        built = {name: builder.build(name, given) for name, given in part.questions.items()}
        questions = {name: question for name, question in built.items() if question is not None}
        questions = combine(self._document, part.forbidden_together, part.questions, questions)
        rules = self._rules(part)
        budget = self._budget(part, questions)
        if self._document.problems:
            return None
        index = {
            name: RuleIndex.build(allowing, self._memberships)
            for name in questions
            if (allowing := [rule for rule in rules if name in rule.allow])
        }
        accepted = tuple(
            Acceptance(each.warning, each.at, each.about, each.because) for each in part.accepted
        )
        return Policy(
            dataset, MappingProxyType(questions), tuple(rules), budget, MappingProxyType(index), accepted
        )

    def _problem(self, key: str, path: Path, /, **args: str) -> None:
        if not self._document.full:
            self._document.problems.append(self._document.problem(key, path, **args))

    def _key_problem(self, key: str, path: Path, /, **args: str) -> None:
        if not self._document.full:
            self._document.problems.append(self._document.key_problem(key, path, **args))

    def _dataset(self, part: PolicyPart, fields: Mapping[str, Field], digest: bytes) -> Dataset:
        self._credit_code(("provider",), part.provider)
        sharing = part.sharing
        self._sharing(sharing)
        if sharing.attribute is Sharing.NOT_SHARED and (part.questions or part.rules):
            key = "questions" if part.questions else "rules"
            self._key_problem("not-shared.questions", (key,))
        if part.classification.secret:
            self._problem("classification.secret", ("classification", "secret"))
        if part.subject.type == "resident_id" and not part.classification.personal:
            self._problem("classification.personal", ("classification", "personal"))
        subject = Subject(part.subject.field, part.subject.type, self._region_field(part, fields))
        if part.subject.field in fields:
            self._key_problem("subject.listed", ("fields", part.subject.field), field=part.subject.field)
        return Dataset(
            name=part.dataset,
            title=part.title,
            title_en=part.title_en,
            provider=part.provider,
            sharing=sharing.attribute,
            reason=sharing.reason,
            legal_basis=sharing.legal_basis,
            level=part.classification.level,
            personal=part.classification.personal,
            update=part.update,
            format=part.format,
            modes=tuple(sharing.modes or ()),
            scope=sharing.scope,
            use=sharing.use,
            subject=subject,
            fields=MappingProxyType(dict(fields)),
            digest=digest,
        )

    def _sharing(self, part: SharingPart) -> None:
        """What a sharing attribute has to state, and nothing else (Art. 13, 15)."""
        missing, needed = _STATED[part.attribute]
        for key in needed:
            if not getattr(part, key):
                self._key_problem(missing, ("sharing",), key=key)
        for key in sorted(part.model_fields_set - {"attribute", *needed}):
            self._key_problem("sharing.stray", ("sharing", key), key=key, attribute=part.attribute)
        for index, mode in enumerate(part.modes or ()):
            if mode in (part.modes or ())[:index]:
                self._problem("sharing.mode-twice", ("sharing", "modes", index), mode=mode)

    def _region_field(self, part: PolicyPart, fields: Mapping[str, Field]) -> str:
        """The named field, or the only one that holds a region."""
        regions = [field.name for field in fields.values() if field.type is FieldType.REGION]
        if part.subject.region:
            if part.subject.region not in regions:
                guess = closest(part.subject.region, regions)
                self._problem("subject.region", ("subject", "region"), closest=guess, fields=listed(regions))
            return part.subject.region
        if len(regions) > 1:
            self._key_problem("subject.regions", ("subject",), fields=listed(regions))
        return regions[0] if regions else ""

    def _field(self, name: str, part: FieldPart, level: int) -> Field:
        path: Path = ("fields", name)
        if part.level is not None and part.level > level:
            self._problem("field.level", (*path, "level"), level=str(level))
        identifying = part.type in (FieldType.RESIDENT_ID, FieldType.CREDIT_CODE)
        usual = Sensitivity.IDENTIFIER if identifying else Sensitivity.NORMAL
        if part.type is FieldType.RESIDENT_ID and part.sensitivity not in (None, Sensitivity.IDENTIFIER):
            self._problem("field.resident-id", (*path, "sensitivity"))
        if part.range is not None and part.type is not FieldType.INTEGER:
            self._key_problem("field.range-type", (*path, "range"), type=part.type)
        elif part.range is not None and part.range[0] >= part.range[1]:
            self._problem("field.range-order", (*path, "range"))
        if part.values is None and part.type is FieldType.ENUM:
            self._key_problem("field.values-missing", path, field=name)
        if part.values is not None and part.type not in _CLOSED:
            self._key_problem("field.values-type", (*path, "values"), type=part.type)
        values = tuple(part.values or ())
        field = Field(
            name=name,
            title=part.title,
            title_en=part.title_en,
            type=part.type,
            sensitivity=part.sensitivity or usual,
            values=values,
            minimum=part.range[0] if part.range else None,
            maximum=part.range[1] if part.range else None,
            level=part.level or level,
        )
        seen: set[str] = set()
        for index, value in enumerate(values if part.type in _CLOSED else ()):
            fault = literal_fault(value, field)
            if fault is None and part.type is FieldType.ENUM:
                fault = literal_fault(value, Field(name, "", "", FieldType.TEXT, Sensitivity.NORMAL))
            if fault is not None:
                self._problem(fault[0], (*path, "values", index), **fault[1])
            elif value in seen:
                self._problem("field.value-twice", (*path, "values", index), value=value)
            seen.add(value)
        return field

    def _rules(self, part: PolicyPart) -> list[Rule]:
        rules = []
        seen: set[str] = set()
        questions = self._document.at(("questions",))
        # Also those that were left out for their own problems.
        written = questions.keys() if isinstance(questions, dict) else set()
        for order, given in enumerate(part.rules):
            path: Path = ("rules", order)
            if given.id in seen:
                self._problem("rule.id-twice", (*path, "id"), id=given.id)
            seen.add(given.id)
            for index, name in enumerate(given.allow):
                if name not in written and not self._document.full:
                    guess = closest(name, written)
                    self._problem("rule.unknown-question", (*path, "allow", index), name=name, closest=guess)
            for index, code in enumerate(given.for_):
                self._purpose((*path, "for", index), code)
            if given.scope is not None and not self._has_region(part):
                self._problem("rule.scope-region", (*path, "scope"))
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
            self._key_problem("rule.effective-empty", path)
        elif part.from_ is not None and part.until is not None and part.from_ > part.until:
            self._problem("rule.effective-order", (*path, "until"))
        return Effective(part.from_, part.until)

    def _to(self, path: Path, part: ToPart) -> To:
        given = part.model_fields_set
        if not given:
            self._key_problem("rule.to-empty", path)
        elif part.any and len(given) > 1:
            self._key_problem("rule.to-any", (*path, "any"))
        for index, code in enumerate(part.departments or []):
            self._credit_code((*path, "departments", index), code)
        regions = []
        for index, region in enumerate(part.regions or []):
            try:
                regions.append(normalise_region(region))
            except NodeError:
                self._problem("region.spelling", (*path, "regions", index))
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
                self._problem("group.unknown", (*path, index), name=name, closest=guess, known=listed(groups))

    def _purpose(self, path: Path, code: str) -> None:
        purposes = self._definitions.purposes if self._definitions is not None else None
        if purposes is not None and code not in purposes and not self._document.full:
            guess = closest(code, purposes.purposes)
            self._problem("purpose.unknown", path, code=code, closest=guess)

    def _credit_code(self, path: Path, code: str) -> None:
        if not is_credit_code(code):
            self._problem("credit-code.invalid", path)

    def _budget(self, part: PolicyPart, questions: Mapping[str, Question]) -> Budget | None:
        if part.privacy is None:
            for question in questions.values():
                if question.kind is QuestionKind.STATISTIC:
                    self._key_problem("privacy.missing", ("questions", question.name))
            return None
        micros: dict[str, int] = {}
        given = part.privacy.budget
        for scope, epsilon in (
            ("dataset", given.dataset),
            ("organisation", given.organisation),
            ("requester", given.requester),
        ):
            path: Path = ("privacy", "budget", scope)
            micros[scope] = micros_down(epsilon)
            if not 0 < micros[scope] <= MAX_BUDGET_MICROS:
                self._problem("budget.range", path)
            for question in questions.values():
                if question.statistic is not None and question.statistic.epsilon_micros > micros[scope]:
                    self._problem("budget.too-small", path, question=question.name)
        return Budget(micros["dataset"], micros["organisation"], micros["requester"], part.privacy.period)


def _when(part: WhenPart | None) -> When:
    if part is None:
        return When("", workdays=False, hours=None)
    return When(part.case_number or "", bool(part.workdays), parse_hours(part.hours or ""))


def _limits(part: LimitsPart | None) -> Limits:
    return NO_LIMITS if part is None else Limits(part.per_day, part.per_subject_per_day)


def micros_down(epsilon: Decimal) -> int:
    """A budget in micro-epsilon, rounded down: never more is spent than was allowed."""
    return int(epsilon * 1_000_000)
