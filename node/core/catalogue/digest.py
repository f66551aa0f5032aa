"""The digest that names one version of a catalogue entry, and what differs between two versions.

The canonical form of an entry is JSON: names as in `protos/node/v1/catalogue.proto`, sorted, without
blanks; what is empty is left out, so that an entry keeps its digest when entries learn to say more. It holds
all that an entry says but for how it came to be published, and how old the data are: `digest` (of the file),
`publication`, `unapproved`, `imported_from`, `imported_ms` and `data`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from hashlib import sha256
from typing import TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message as ProtoMessage

from node.v1 import catalogue_pb2 as pb

MAX_CHANGES = 50
"""Parts of an entry that a history names at most; the last one is MORE when there are others."""
MORE = "…"
_Json: TypeAlias = str | int | bool | float | list["_Json"] | dict[str, "_Json"]
_HOW_PUBLISHED = frozenset(
    {
        "node.v1.Dataset.data",
        "node.v1.Dataset.digest",
        "node.v1.Dataset.publication",
        "node.v1.DatasetSummary.imported_from",
        "node.v1.DatasetSummary.imported_ms",
        "node.v1.DatasetSummary.unapproved",
    }
)
# What tells the items of a list apart.
_NAMES = ("name", "id")
# The rules as far as they concern one question: they stand among the rules already.
_SAID_ELSEWHERE = frozenset({"conditions"})


def canonical_entry(entry: pb.Dataset) -> bytes:
    """The canonical form of an entry."""
    return json.dumps(_tree(entry), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def entry_digest(entry: pb.Dataset) -> bytes:
    """SHA-256 of the canonical form, 32 bytes: what approvals are of."""
    return sha256(canonical_entry(entry)).digest()


def changed_parts(before: bytes, after: bytes) -> tuple[str, ...]:
    """What differs between two canonical forms, as `title` or `rules.tax-deferral`; + is new, - is gone."""
    found = list(_changed(json.loads(before), json.loads(after)))
    return tuple(found if len(found) <= MAX_CHANGES else [*found[: MAX_CHANGES - 1], MORE])


def _tree(message: ProtoMessage) -> dict[str, _Json]:
    found: dict[str, _Json] = {}
    for field, value in message.ListFields():
        name, plain = _reader(field)
        if name:
            found[name] = value if plain is None else plain(value)
    return found


@cache
def _reader(field: FieldDescriptor) -> tuple[str, Callable[..., _Json] | None]:
    """What a field is called, "" when it is left out, and how its values become JSON, if they are none."""
    if field.full_name in _HOW_PUBLISHED:
        return "", None
    one: Callable[..., _Json] | None = None
    if field.message_type is not None:
        one = _tree
    elif field.type == FieldDescriptor.TYPE_BYTES:
        one = bytes.hex
    if not field.is_repeated:
        return field.name, one
    each = one
    return field.name, list if each is None else lambda values: [each(value) for value in values]


def _changed(before: Mapping[str, _Json], after: Mapping[str, _Json]) -> Iterator[str]:
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if key == "summary":
            yield from _changed(_mapping(old), _mapping(new))
        elif (named := _by_name(old, new)) is not None:
            yield from _changed_items(key, *named)
        else:
            yield key


def _changed_items(key: str, before: Mapping[str, _Json], after: Mapping[str, _Json]) -> Iterator[str]:
    alike = True
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            alike = False
            mark = "+" if name not in before else "-" if name not in after else ""
            yield f"{mark}{key}.{name}"
    if alike and list(before) != list(after):
        yield key  # another order: the first rule that fits counts


def _by_name(old: _Json | None, new: _Json | None) -> tuple[dict[str, _Json], dict[str, _Json]] | None:
    """The items of two lists by their names, None if they have none."""
    lists = [[] if each is None else each for each in (old, new)]
    if not all(isinstance(each, list) for each in lists):
        return None
    found: list[dict[str, _Json]] = []
    for items in lists:
        named: dict[str, _Json] = {}
        for item in items if isinstance(items, list) else ():
            name = (
                next((item[key] for key in _NAMES if key in item), None) if isinstance(item, dict) else None
            )
            if not isinstance(name, str) or not isinstance(item, dict):
                return None
            named[name] = {key: value for key, value in item.items() if key not in _SAID_ELSEWHERE}
        found.append(named)
    return found[0], found[1]


def _mapping(value: _Json | None) -> Mapping[str, _Json]:
    return value if isinstance(value, dict) else {}
