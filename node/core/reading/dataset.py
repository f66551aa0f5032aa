"""Builds the catalogue entry of a policy and its data items, and finds what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from node.core.identity import is_credit_code
from node.core.meant import as_plain, wide_sign
from node.core.normal_form import normal_text
from node.core.policy.dataset import Dataset, Field, FieldType, Sensitivity, Sharing, Subject
from node.core.policy.predicate import MAX_LITERAL, literal_fault
from node.core.reading.document import Document
from node.core.reading.format import FieldPart, PolicyPart, SharingPart
from node.core.reading.place import Path
from node.core.words import closest, listed

# What each sharing attribute states beside itself, and the problem when it does not.
_STATED: Mapping[Sharing, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        Sharing.UNCONDITIONAL: ("unconditional.missing", ("modes",)),
        Sharing.CONDITIONAL: ("conditional.missing", ("modes", "scope", "use")),
        Sharing.NOT_SHARED: ("not-shared.missing", ("reason", "legal_basis")),
    }
)
_CLOSED = (FieldType.ENUM, FieldType.REGION)


class DatasetBuilder:
    """Builds one dataset, adding to the document's problems."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def build(self, part: PolicyPart, digest: bytes) -> Dataset:
        """The dataset; `digest` is the SHA-256 of its file."""
        level = part.classification.level
        fields = {name: self._field(name, given, level) for name, given in part.fields.items()}
        return self._dataset(part, fields, digest)

    def _dataset(self, part: PolicyPart, fields: Mapping[str, Field], digest: bytes) -> Dataset:
        if not is_credit_code(part.provider):
            self._document.add("credit-code.invalid", ("provider",))
        sharing = part.sharing
        self._sharing(sharing)
        if sharing.attribute is Sharing.NOT_SHARED and (part.questions or part.rules):
            key = "questions" if part.questions else "rules"
            self._document.add_at_key("not-shared.questions", (key,))
        if part.classification.secret:
            self._document.add("classification.secret", ("classification", "secret"))
        if part.subject.type == "resident_id" and not part.classification.personal:
            self._document.add("classification.personal", ("classification", "personal"))
        subject = Subject(part.subject.field, part.subject.type, self._region_field(part, fields))
        if part.subject.field in fields:
            self._document.add_at_key(
                "subject.listed", ("fields", part.subject.field), field=part.subject.field
            )
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
                self._document.add_at_key(missing, ("sharing",), key=key)
        for key in sorted(part.model_fields_set - {"attribute", *needed}):
            self._document.add_at_key("sharing.stray", ("sharing", key), key=key, attribute=part.attribute)
        for index, mode in enumerate(part.modes or ()):
            if mode in (part.modes or ())[:index]:
                self._document.add("sharing.mode-twice", ("sharing", "modes", index), mode=mode)

    def _region_field(self, part: PolicyPart, fields: Mapping[str, Field]) -> str:
        """The named field, or the only one that holds a region."""
        regions = [field.name for field in fields.values() if field.type is FieldType.REGION]
        if part.subject.region:
            if part.subject.region not in regions:
                guess = closest(part.subject.region, regions)
                self._document.add(
                    "subject.region", ("subject", "region"), closest=guess, fields=listed(regions)
                )
            return part.subject.region
        if len(regions) > 1:
            self._document.add_at_key("subject.regions", ("subject",), fields=listed(regions))
        return regions[0] if regions else ""

    def _field(self, name: str, part: FieldPart, level: int) -> Field:
        path: Path = ("fields", name)
        if part.level is not None and part.level > level:
            self._document.add("field.level", (*path, "level"), level=str(level))
        identifying = part.type in (FieldType.RESIDENT_ID, FieldType.CREDIT_CODE)
        usual = Sensitivity.IDENTIFIER if identifying else Sensitivity.NORMAL
        if part.type is FieldType.RESIDENT_ID and part.sensitivity not in (None, Sensitivity.IDENTIFIER):
            self._document.add("field.resident-id", (*path, "sensitivity"))
        if part.range is not None and part.type is not FieldType.INTEGER:
            self._document.add_at_key("field.range-type", (*path, "range"), type=part.type)
        elif part.range is not None and part.range[0] >= part.range[1]:
            self._document.add("field.range-order", (*path, "range"))
        if part.narrowest is not None and part.type not in (FieldType.INTEGER, FieldType.DATE):
            self._document.add_at_key("field.narrowest-type", (*path, "narrowest"), type=part.type)
        if part.values is None and part.type is FieldType.ENUM:
            self._document.add_at_key("field.values-missing", path, field=name)
        if part.values is not None and part.type not in _CLOSED:
            self._document.add_at_key("field.values-type", (*path, "values"), type=part.type)
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
                fault = _closed_text_fault(name, value)
            if fault is not None:
                self._document.add(fault[0], (*path, "values", index), **fault[1])
            elif normal_text(value) in seen:
                self._document.add("field.value-twice", (*path, "values", index), value=value)
            seen.add(normal_text(value))
        return field


def _closed_text_fault(name: str, value: str) -> tuple[str, dict[str, str]] | None:
    """Why a text cannot be one of the closed values of a field, None if it can."""
    if wide_sign(value) is not None and as_plain(value).isascii():
        return "literal.text", {
            "limit": str(MAX_LITERAL)
        }  # no data have letters and signs in full width alone
    return literal_fault(value, Field(name, "", "", FieldType.TEXT, Sensitivity.NORMAL))
