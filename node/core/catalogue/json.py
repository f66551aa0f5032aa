"""Messages as JSON for people: names of enums in small letters, bytes in hex, titles by language.

What protobuf's own JSON does not do: say where in a file something is wrong, and keep integers integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message as ProtoMessage

from node.core.catalogue.file import Faults, text_fault
from node.texts.message import Message

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

_INTEGERS = {
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63 - 1),
}
_TITLES = {"zh": "title", "en": "title_en"}


def to_json(message: ProtoMessage) -> dict[str, Json]:
    """All that is set in a message, in the order of its fields."""
    tree: dict[str, Json] = {}
    for field, value in message.ListFields():
        if field.is_repeated:
            tree[field.name] = [_plain(field, each) for each in value]
        else:
            tree[field.name] = _plain(field, value)
    titles = {language: tree.pop(name) for language, name in _TITLES.items() if name in tree}
    if titles:
        tree["title"] = titles
    return tree


def _plain(field: FieldDescriptor, value: object) -> Json:
    if isinstance(value, ProtoMessage):
        return to_json(value)
    if isinstance(value, bytes):
        return value.hex()
    if field.enum_type is not None and isinstance(value, int):
        return _word(field.enum_type, field.enum_type.values_by_number[value].name)
    if isinstance(value, (bool, int, str)):
        return value
    raise TypeError(f"no {type(value).__name__} in a catalogue")


def _word(enum: EnumDescriptor, name: str) -> str:
    """SHARING_ATTRIBUTE_NOT_SHARED as not_shared: what all the names begin with is left out."""
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    return name.removeprefix(prefix).lower()


def from_json(tree: Json, message: ProtoMessage, path: str, faults: Faults) -> None:
    """Fill a message from what `to_json` made of one, adding what is wrong with it to the faults."""
    if not isinstance(tree, dict):
        faults.add_in(path, Message("file.shape.object"))
        return
    known = cast("Mapping[str, FieldDescriptor]", message.DESCRIPTOR.fields_by_name)
    for key, value in tree.items():
        at = f"{path}.{key}"
        if faults.full:
            return
        if key == "title" and "title" in known:
            _titles(value, message, at, faults)
        elif key not in known or key == "title_en":
            faults.add_in(at, Message("file.shape.unknown"))
        elif known[key].is_repeated:
            _repeated(known[key], value, message, at, faults)
        elif known[key].message_type is not None:
            part = getattr(message, key)
            part.SetInParent()
            from_json(value, part, at, faults)
        else:
            single = _single(known[key], value, at, faults)
            if single is not None:
                setattr(message, key, single)


def _titles(value: Json, message: ProtoMessage, path: str, faults: Faults) -> None:
    if not isinstance(value, dict) or not value.keys() <= _TITLES.keys():
        faults.add_in(path, Message("file.catalogue.titles-expected"))
        return
    for language, title in value.items():
        text = _text(title, f"{path}.{language}", faults)
        if text is not None:
            setattr(message, _TITLES[language], text)


def _repeated(field: FieldDescriptor, value: Json, message: ProtoMessage, path: str, faults: Faults) -> None:
    if not isinstance(value, list):
        faults.add_in(path, Message("file.shape.list"))
        return
    held = getattr(message, field.name)
    for place, each in enumerate(value):
        at = f"{path}[{place}]"
        if field.message_type is not None:
            from_json(each, held.add(), at, faults)
        else:
            single = _single(field, each, at, faults)
            if single is not None:
                held.append(single)


def _single(field: FieldDescriptor, value: Json, path: str, faults: Faults) -> str | int | bytes | None:
    """The value of a field; None, and a fault, if it does not fit."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text(value, path, faults)
    if field.type == FieldDescriptor.TYPE_BOOL:
        if isinstance(value, bool):
            return value
        faults.add_in(path, Message("file.shape.flag"))
        return None
    if field.enum_type is not None:
        words = {
            _word(field.enum_type, each.name): each.number for each in field.enum_type.values if each.number
        }
        if isinstance(value, str) and value in words:
            return words[value]
        faults.add_in(path, Message("file.shape.choice", {"words": tuple(words)}))
        return None
    if field.type == FieldDescriptor.TYPE_BYTES:
        try:
            if isinstance(value, str):
                return bytes.fromhex(value)
        except ValueError:
            pass
        faults.add_in(path, Message("file.catalogue.bytes-expected"))
        return None
    least, most = _INTEGERS[field.type]
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    faults.add_in(path, Message("file.catalogue.whole-expected", {"least": least, "most": most}))
    return None


def _text(value: Json, path: str, faults: Faults) -> str | None:
    if not isinstance(value, str):
        faults.add_in(path, Message("file.shape.text"))
        return None
    fault = text_fault(value)
    if fault is not None:
        faults.add_in(path, fault)
        return None
    return value
