"""What a JSON Schema can say of a policy file beyond the types of its keys, so that editors underline it."""

from __future__ import annotations

from collections.abc import Mapping

from node.core.policy.predicate_tokens import KEYWORDS

Schema = dict[str, object]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# GB 32100: digits and capital letters without I, O, S, V and Z. An editor may take some codes for numbers.
_CREDIT_CODE: Schema = {"pattern": "^[1-9ANY][0-9A-HJ-NPQRTUWXY][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"}
_REGION: Schema = {"pattern": "^[0-9]{2}$|^[0-9]{4}$|^[0-9]{6}$|^[0-9]{9}$|^[0-9]{12}$"}
_PURPOSE: Schema = {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*$", "maxLength": 200}
_CONDITION: Schema = {"minLength": 1, "maxLength": 2000}
_ONE: Schema = {"minProperties": 1, "maxProperties": 1}
_SOME: Schema = {"minProperties": 1}
_NO_KEYWORD: Schema = {"not": {"enum": sorted(word.lower() for word in KEYWORDS)}}


def _states(attribute: str, keys: tuple[str, ...], never: tuple[str, ...]) -> Schema:
    """What a sharing attribute has to say, and what it cannot (Art. 13, 15)."""
    return {
        "if": {"properties": {"attribute": {"const": attribute}}, "required": ["attribute"]},
        "then": {"required": list(keys), "properties": dict.fromkeys(never, False)},
    }


_BOUNDS: Mapping[str, Schema] = {
    "PolicyPart.provider": _CREDIT_CODE,
    "PolicyPart.fields": {"propertyNames": _NO_KEYWORD},
    "SharingPart": {
        "allOf": [
            _states("unconditional", ("modes",), ("scope", "use", "reason", "legal_basis")),
            _states("conditional", ("modes", "scope", "use"), ("reason", "legal_basis")),
            _states("not_shared", ("reason", "legal_basis"), ("modes", "scope", "use")),
        ]
    },
    "ClassificationPart.secret": {"const": False},
    "FieldPart.range": {"items": {"type": "integer", "minimum": 1 - 10**18, "maximum": 10**18 - 1}},
    "FieldPart": {
        "if": {"properties": {"type": {"const": "enum"}}, "required": ["type"]},
        "then": {"required": ["values"]},
    },
    "QuestionPart": {"oneOf": [{"required": [kind]} for kind in ("verify", "field", "statistic")]},
    "QuestionPart.verify": _CONDITION,
    "QuestionPart.where": _CONDITION,
    "DerivationPart": _ONE,
    "GeneralisePart": _ONE,
    "CeilingPart": _SOME,
    "EffectivePart": _SOME,
    "ToPart": {**_SOME, "if": {"required": ["any"]}, "then": {"maxProperties": 1}},
    "ToPart.departments": {"items": {"type": ["string", "integer"], **_CREDIT_CODE}},
    "ToPart.regions": {"items": {"type": ["string", "integer"], **_REGION}},
    "RulePart.for": {"items": {"type": "string", **_PURPOSE}},
    "GroupPart.departments": {"items": {"type": ["string", "integer"], **_CREDIT_CODE}},
    "DefinitionsPart.purposes": {"propertyNames": _PURPOSE},
}
"""Part, or part and key, to what is added to its schema."""


def bounded(schema: Schema, root: str) -> Schema:
    """A schema with its dialect and all bounds put in; `root` is the name of the outermost part.

    What may be left out may not be null all the same: a key without a value is an error.
    """
    parts = schema.get("$defs")
    named: dict[str, Schema] = {root: schema, **(parts if isinstance(parts, dict) else {})}
    for part in named.values():
        if part is not schema:
            part.pop("title", None)  # made of the name in the code: nothing that an officer would know
        for each in _properties(part).values():
            each.pop("title", None)
            _without_null(each)
            if "patternProperties" in each:
                each["additionalProperties"] = False
    for name, bounds in _BOUNDS.items():
        at, _, key = name.partition(".")
        if at in named:
            target = _properties(named[at])[key] if key else named[at]
            for word, bound in bounds.items():
                old = target.get(word)
                target[word] = (
                    {**old, **bound} if isinstance(old, dict) and isinstance(bound, dict) else bound
                )
    return {"$schema": DIALECT, **schema}


def _properties(part: Schema) -> dict[str, Schema]:
    properties = part.get("properties")
    return properties if isinstance(properties, dict) else {}


def _without_null(key: Schema) -> None:
    kinds = key.get("anyOf")
    if not isinstance(kinds, list) or {"type": "null"} not in kinds:
        return
    left = [kind for kind in kinds if kind != {"type": "null"}]
    del key["anyOf"]
    if key.get("default", "") is None:
        del key["default"]
    key.update(left[0] if len(left) == 1 else {"anyOf": left})
