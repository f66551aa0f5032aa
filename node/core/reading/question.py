"""Compiles the questions of a policy file, and finds what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType

from sqlglot import exp

from node.core.policy import derivation
from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.core.policy.definitions import Definitions
from node.core.policy.predicate import CLAIMABLE, Predicate, Scope, literal_fault, read_predicate
from node.core.policy.question import (
    Ceiling,
    Claim,
    Derivation,
    Derived,
    GroupField,
    Parameter,
    Question,
    Statistic,
)
from node.core.policy.question_kind import QuestionKind
from node.core.reading.document import Document
from node.core.reading.format import CeilingPart, DerivationPart, QuestionPart
from node.core.reading.place import Path
from node.core.words import closest, listed

# Above this classification level, and for fields that are not `normal`, no plain value leaves.
PLAIN_MAX_LEVEL = 2
# Above this one, of a field no more leaves than a bit: whether it is filled, whether it equals something.
DERIVED_MAX_LEVEL = 3
MAX_CELLS = 10_000
_KIND_KEYS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "verify": frozenset({"parameters", "claims"}),
        "field": frozenset({"as", "parameters", "claims"}),
        "statistic": frozenset({"group_by", "where", "unit_contributes", "epsilon", "parameters"}),
    }
)
_MASKABLE = frozenset({FieldType.TEXT, FieldType.RESIDENT_ID, FieldType.CREDIT_CODE})


@dataclass(frozen=True, slots=True)
class _Body:
    """The part of a question that differs by kind."""

    text: str
    expression: exp.Expression
    fields: frozenset[str]
    placeholders: Mapping[str, list[Field]]
    statistic: Statistic | None = None
    derivation: Derivation | None = None


@dataclass(frozen=True, slots=True)
class _Derivation:
    """A derivation in the policy's words, as SQL, and as what it does."""

    text: str
    expression: exp.Expression
    how: Derivation


class QuestionBuilder:
    """Compiles questions over the fields of one dataset, adding to the document's problems."""

    def __init__(
        self, document: Document, fields: Mapping[str, Field], level: int, definitions: Definitions | None
    ) -> None:
        self._document = document
        self._fields = fields
        self._level = level
        self._definitions = definitions

    def build(self, name: str, part: QuestionPart) -> Question | None:
        """One question, or None if it has problems."""
        if self._document.full:
            return None
        path: Path = ("questions", name)
        before = len(self._document.problems)
        kind = self._kind(path, part)
        if kind is None:
            return None
        for twice in sorted(part.parameters.keys() & part.claims.keys()):
            self._document.add_at_key("question.parameter-and-claim", (*path, "claims", twice), name=twice)
        body = self._body(kind, path, part)
        if body is None:
            return None
        self._check_ceiling(path, part.ceiling, body.fields)
        parameters = self._parameters(path, part, body)
        claims = self._claims(path, part, body)
        if len(self._document.problems) > before:
            return None
        return Question(
            name=name,
            title=part.title,
            title_en=part.title_en,
            kind=kind,
            text=body.text,
            expression=body.expression,
            fields=body.fields,
            parameters=MappingProxyType(parameters),
            claims=MappingProxyType(claims),
            statistic=body.statistic,
            ceiling=Ceiling(part.ceiling.level, part.ceiling.sensitivity) if part.ceiling else None,
            derivation=body.derivation,
        )

    def _kind(self, path: Path, part: QuestionPart) -> QuestionKind | None:
        given = {QuestionPart.model_fields[name].alias or name for name in part.model_fields_set}
        kinds = sorted(given & _KIND_KEYS.keys())
        if len(kinds) != 1:
            self._document.add_at_key("question.one-kind", path, kinds=listed(kinds))
            return None
        strangers = given - _KIND_KEYS[kinds[0]] - {kinds[0], "title", "title_en", "ceiling"}
        for key in sorted(strangers):
            self._document.add_at_key("question.key-of-other-kind", (*path, key), key=key, kind=kinds[0])
        return None if strangers else QuestionKind(kinds[0])

    def _body(self, kind: QuestionKind, path: Path, part: QuestionPart) -> _Body | None:
        if kind is QuestionKind.VERIFY:
            return self._verify(path, part)
        if kind is QuestionKind.FIELD:
            return self._derived(path, part)
        return self._statistic(path, part)

    def _check_ceiling(self, path: Path, ceiling: CeilingPart | None, read: frozenset[str]) -> None:
        """The fields that a question reads lie at or under its own ceiling, and that under the dataset's."""
        if ceiling is None:
            return
        if ceiling.level is None and ceiling.sensitivity is None:
            self._document.add_at_key("ceiling.empty", (*path, "ceiling"))
        if ceiling.level is not None and ceiling.level > self._level:
            self._document.add("ceiling.above", (*path, "ceiling", "level"), level=str(self._level))
        for field in (self._fields[name] for name in sorted(read)):
            if ceiling.level is not None and field.level > ceiling.level:
                at: Path = (*path, "ceiling", "level")
                self._document.add("ceiling.level", at, field=field.name, level=str(field.level))
            if ceiling.sensitivity is not None and field.sensitivity.rank > ceiling.sensitivity.rank:
                at = (*path, "ceiling", "sensitivity")
                self._document.add("ceiling.sensitivity", at, field=field.name, sensitivity=field.sensitivity)

    def _verify(self, path: Path, part: QuestionPart) -> _Body | None:
        text = part.verify or ""
        read = self._predicate((*path, "verify"), text, part)
        if read.expression is None:
            return None
        return _Body(text, read.expression, frozenset(read.fields), read.placeholders)

    def _predicate(self, path: Path, text: str, part: QuestionPart) -> Predicate:
        read = read_predicate(text, Scope(self._fields, part.parameters.keys(), part.claims.keys()))
        for fault in read.faults:
            self._document.problems.append(
                self._document.problem_within(fault.key, path, fault.offset, fault.words, **fault.args)
            )
        return read

    def _known_field(self, path: Path, name: str) -> Field | None:
        known = self._fields.get(name)
        if known is None:
            guess = closest(name, self._fields)
            self._document.add("field.unknown", path, closest=guess, fields=listed(self._fields))
        return known

    def _derived(self, path: Path, part: QuestionPart) -> _Body | None:
        name = part.field or ""
        known = self._known_field((*path, "field"), name)
        if part.as_ is None:
            self._document.add_at_key("question.as-missing", path)
            return None
        how = sorted(part.as_.model_fields_set)
        if len(how) != 1:
            self._document.add_at_key("derivation.one", (*path, "as"), given=listed(how))
            return None
        if known is None:
            return None
        at: Path = (*path, "as", how[0])
        placeholders: dict[str, list[Field]] = {}
        if part.as_.equals is not None:
            if not self._check_equals(at, part.as_.equals, known, part):
                return None
            placeholders[part.as_.equals] = [known]
        derived = self._derivation(at, known, part.as_)
        if derived is None:
            return None
        return _Body(
            f"{name} {derived.text}", derived.expression, frozenset({name}), placeholders, None, derived.how
        )

    def _check_equals(self, at: Path, name: str, known: Field, part: QuestionPart) -> bool:
        if name in part.claims:
            if known.type in CLAIMABLE:
                return True
            self._document.add("predicate.claim-type", at, claim=name, field=known.name, type=known.type)
        elif name not in part.parameters:
            guess = closest(name, [*part.parameters, *part.claims])
            self._document.add("predicate.unknown-placeholder", at, name=name, closest=guess)
        elif known.sensitivity is Sensitivity.IDENTIFIER:
            self._document.add("predicate.identifier", at, field=known.name)
        else:
            return True
        return False

    def _derivation(self, at: Path, field: Field, how: DerivationPart) -> _Derivation | None:
        name = field.name
        if how.exists:
            return _Derivation("exists", derivation.exists(name), Derivation(name, Derived.EXISTS))
        if how.equals is not None:
            compared = Derivation(name, Derived.EQUALS, (how.equals,))
            return _Derivation(f"= :{how.equals}", derivation.equals(name, how.equals), compared)
        if field.level > DERIVED_MAX_LEVEL:
            self._document.add_at_key("derivation.level", at, field=name, level=str(field.level))
            return None
        if how.plain:
            if field.sensitivity is not Sensitivity.NORMAL or field.level > PLAIN_MAX_LEVEL:
                limit = str(PLAIN_MAX_LEVEL)
                self._document.add_at_key(
                    "derivation.plain", at, field=name, limit=limit, level=str(field.level)
                )
                return None
            return _Derivation("plain", derivation.plain(name), Derivation(name, Derived.PLAIN))
        if how.mask is not None:
            return self._mask(at, field, how.mask.first, how.mask.last)
        if how.band is not None:
            return self._band(at, field, how.band)
        if how.year_of:
            if not self._of_type(at, field, frozenset({FieldType.DATE})):
                return None
            return _Derivation("year_of", derivation.year_of(name), Derivation(name, Derived.YEAR))
        if how.generalise is not None:
            return self._generalise(at, field, how.generalise.level, how.generalise.step)
        return None

    def _of_type(self, at: Path, field: Field, types: frozenset[FieldType]) -> bool:
        if field.type in types:
            return True
        self._document.add_at_key(
            "derivation.type", at, field=field.name, type=field.type, types=listed(sorted(types))
        )
        return False

    def _mask(self, at: Path, field: Field, first: int, last: int) -> _Derivation | None:
        if not self._of_type(at, field, _MASKABLE):
            return None
        if first + last > 10:
            self._document.add_at_key("derivation.mask", at)
            return None
        return _Derivation(
            f"mask first {first} last {last}",
            derivation.mask(field.name, first, last),
            Derivation(field.name, Derived.MASK, (str(first), str(last))),
        )

    def _band(self, at: Path, field: Field, band: list[int] | str) -> _Derivation | None:
        if not self._of_type(at, field, frozenset({FieldType.INTEGER})):
            return None
        if isinstance(band, str):
            edges = self._defined_band(at, band)
        elif (index := derivation.narrow_edge(band)) is not None:
            self._document.add("derivation.band", (*at, index))
            return None
        else:
            edges = band
        if edges is None:
            return None
        labels = derivation.band_labels(edges)
        return _Derivation(
            f"band {listed(labels, len(labels))}",
            derivation.band(field.name, edges),
            Derivation(field.name, Derived.BAND, labels),
        )

    def _defined_band(self, at: Path, name: str) -> Sequence[int] | None:
        if self._definitions is None:
            return None
        edges = self._definitions.bands.get(name)
        if edges is None:
            bands = self._definitions.bands
            self._document.add(
                "band.unknown", at, name=name, closest=closest(name, bands), known=listed(bands)
            )
        return edges

    def _generalise(self, at: Path, field: Field, level: str | None, step: int | None) -> _Derivation | None:
        if (level is None) is (step is None):
            self._document.add_at_key("derivation.generalise", at)
            return None
        wanted = FieldType.REGION if level is not None else FieldType.INTEGER
        if not self._of_type(at, field, frozenset({wanted})):
            return None
        if level is not None:
            cut = Derivation(field.name, Derived.REGION, (level,))
            return _Derivation(f"generalise to {level}", derivation.cut_region(field.name, level), cut)
        return _Derivation(
            f"generalise to multiples of {step}",
            derivation.round_down(field.name, step or 1),
            Derivation(field.name, Derived.MULTIPLE, (str(step or 1),)),
        )

    def _statistic(self, path: Path, part: QuestionPart) -> _Body | None:
        missing = [key for key in ("unit_contributes", "epsilon") if getattr(part, key) is None]
        for key in missing:
            self._document.add_at_key("key.missing", path, key=key)
        groups = [self._group((*path, "group_by", i), name) for i, name in enumerate(part.group_by or [])]
        where = self._predicate((*path, "where"), part.where, part) if part.where is not None else None
        known = tuple(group for group in groups if group is not None)
        if len({group.name for group in known}) < len(known):
            self._document.add_at_key("statistic.group-twice", (*path, "group_by"))
        cells = 1
        for group in known:
            cells *= len(group.values)
        if cells > MAX_CELLS:
            self._document.add_at_key(
                "statistic.cells", (*path, "group_by"), cells=str(cells), limit=str(MAX_CELLS)
            )
        epsilon = micros_up(part.epsilon) if part.epsilon is not None else 0
        if part.epsilon is not None and not 0 < epsilon <= 10_000_000:
            self._document.add("epsilon.range", (*path, "epsilon"))
        if missing or len(known) < len(groups) or (where is not None and where.expression is None):
            return None
        filter_ = where.expression if where is not None else None
        statistic = Statistic(known, filter_, part.unit_contributes or 1, epsilon)
        fields = {group.name for group in known} | (where.fields if where is not None else set())
        text = "count"
        if known:
            text += f" by {', '.join(group.name for group in known)}"
        if part.where is not None:
            text += f" where {part.where}"
        everything = filter_ if filter_ is not None else exp.Boolean(this=True)
        placeholders = where.placeholders if where is not None else {}
        return _Body(text, everything, frozenset(fields), placeholders, statistic)

    def _group(self, path: Path, name: str) -> GroupField | None:
        known = self._known_field(path, name)
        if known is None:
            return None
        if not known.values:
            self._document.add("statistic.group-open", path, field=name)
            return None
        return GroupField(name, known.values)

    def _parameters(self, path: Path, part: QuestionPart, body: _Body) -> dict[str, Parameter]:
        parameters = {}
        for name, declared in part.parameters.items():
            at: Path = (*path, "parameters", name)
            compared = body.placeholders.get(name)
            if not compared:
                self._document.add_at_key("question.parameter-unused", at, name=name)
                continue
            self._one_type(at, name, compared)
            for index, choice in enumerate(declared.choices):
                choice_at: Path = (*at, "choices", index)
                if choice in declared.choices[:index]:
                    self._document.add("question.choice-twice", choice_at, choice=choice)
                for field in compared:
                    fault = literal_fault(choice, field)
                    if fault is not None:
                        key, args = fault
                        self._document.add(key, choice_at, **args)
            parameters[name] = Parameter(name, compared[0].type, tuple(declared.choices))
        return parameters

    def _claims(self, path: Path, part: QuestionPart, body: _Body) -> dict[str, Claim]:
        claims = {}
        for name, declared in part.claims.items():
            at: Path = (*path, "claims", name)
            compared = body.placeholders.get(name)
            if not compared:
                self._document.add_at_key("question.claim-unused", at, name=name)
                continue
            self._one_type(at, name, compared)
            claims[name] = Claim(name, compared[0].type, declared.wrong_tries_per_subject)
        return claims

    def _one_type(self, at: Path, name: str, compared: list[Field]) -> None:
        types = sorted({field.type for field in compared})
        if len(types) > 1:
            self._document.add_at_key("question.placeholder-types", at, name=name, types=listed(types))


def micros_up(epsilon: Decimal) -> int:
    """A price in micro-epsilon, rounded up: nothing is ever charged less than it costs."""
    return int((epsilon * 1_000_000).to_integral_value(ROUND_CEILING))
