"""Builds the policies of a node from the text of their files, and finds all that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from types import MappingProxyType

from node.core.policy.definitions import NO_DEFINITIONS, Definitions
from node.core.policy.policy import Budget, Policies, Policy, PolicyFile
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind
from node.core.policy.rule import RuleIndex
from node.core.policy.suppression import Suppression
from node.core.reading.combination import combine, combine_across
from node.core.reading.dataset import DatasetBuilder
from node.core.reading.definitions import build_definitions, is_definitions
from node.core.reading.document import Document, Node, Plain, read
from node.core.reading.format import PolicyPart
from node.core.reading.place import Path
from node.core.reading.question import QuestionBuilder
from node.core.reading.rule import RuleBuilder
from node.core.reading.shape import parse
from node.core.reading.titles import titles_of
from node.core.text.problem import Problem
from node.errors import NodeError, Reason

MAX_BUDGET_MICROS = 1_000_000_000
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
            "error.reading.problems",
            count=len(problems),
            file=first.file,
            line=first.line,
            column=first.column,
            problem=first.wording,
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
    titles = titles_of(shared[0].root) if shared else {}
    for document in documents:
        document.shared_titles = titles
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
        policy = _policy(document, part, file.digest, definitions, memberships)
        if policy is not None:
            datasets[part.dataset] = policy
    if definitions is not None and definitions.forbidden_together:
        datasets = combine_across(shared[0], definitions.forbidden_together, datasets)
    problems = tuple(problem for document in documents for problem in document.told())
    if problems:
        return Checked(None, problems)
    digest = sha256(b"".join(sorted(file.digest for file in given))).digest()
    purposes = definitions.purposes if definitions is not None else None
    policies = Policies(MappingProxyType(datasets), purposes, digest)
    return Checked(policies, (), definitions or NO_DEFINITIONS)


def _policy(
    document: Document,
    part: PolicyPart,
    digest: bytes,
    definitions: Definitions | None,
    memberships: Mapping[str, tuple[str, ...]],
) -> Policy | None:
    """One policy, None if its file has problems."""
    dataset = DatasetBuilder(document).build(part, digest)
    builder = QuestionBuilder(document, dataset.fields, dataset.level, definitions)
    built = {name: builder.build(name, given) for name, given in part.questions.items()}
    questions = {name: question for name, question in built.items() if question is not None}
    questions = combine(document, part.forbidden_together, part.questions, questions)
    rules = RuleBuilder(document, definitions).build(part)
    budget = _budget(document, part, questions)
    if document.problems:
        return None
    index = {
        name: RuleIndex.build(allowing, memberships)
        for name in questions
        if (allowing := [rule for rule in rules if name in rule.allow])
    }
    accepted = tuple(Suppression(each.warning, each.at, each.about, each.because) for each in part.accepted)
    narrowest = {name: each.narrowest for name, each in part.fields.items() if each.narrowest is not None}
    return Policy(
        dataset,
        MappingProxyType(questions),
        tuple(rules),
        budget,
        MappingProxyType(index),
        accepted,
        MappingProxyType(narrowest),
    )


def _budget(document: Document, part: PolicyPart, questions: Mapping[str, Question]) -> Budget | None:
    if part.privacy is None:
        for question in questions.values():
            if question.kind is QuestionKind.STATISTIC:
                document.add_at_key("privacy.missing", ("questions", question.name))
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
            document.add("budget.range", path)
        for question in questions.values():
            if question.statistic is not None and question.statistic.epsilon_micros > micros[scope]:
                document.add("budget.too-small", path, question=question.name)
    return Budget(
        micros["dataset"],
        micros["organisation"],
        micros["requester"],
        part.privacy.period,
        part.privacy.account or part.dataset,
    )


def micros_down(epsilon: Decimal) -> int:
    """A budget in micro-epsilon, rounded down: never more is spent than was allowed."""
    return int(epsilon * 1_000_000)
