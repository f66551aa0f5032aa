"""Builds the shared definitions from the text of their file, and finds what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType

from node.core.identity import is_credit_code
from node.core.policy.definitions import NO_DEFINITIONS, Definitions, Group
from node.core.policy.derivation import narrow_edge
from node.core.policy.policy import DEFINITIONS_FILE
from node.core.purpose import Purpose, PurposeTree
from node.core.reading.combination import check_shared
from node.core.reading.document import Document
from node.core.reading.format import DefinitionsPart, GroupPart, PolicyPart
from node.core.reading.place import Path
from node.core.reading.shape import TITLES, parse

# What only definitions open with.
_KEYS = DefinitionsPart.model_fields.keys() - PolicyPart.model_fields.keys()


def is_definitions(document: Document) -> bool:
    """Whether a file holds definitions, by its name or by its keys, and is no policy of a dataset."""
    root = document.root
    if isinstance(root, dict) and "dataset" in root:
        return False
    if PurePath(document.file).name == DEFINITIONS_FILE:
        return True
    return isinstance(root, dict) and not root.keys().isdisjoint(_KEYS)


def build_definitions(documents: Sequence[Document]) -> Definitions | None:
    """What the only one of these files defines, adding to its problems.

    None if its shape is broken, but for titles: then nobody knows what it was meant to define.
    """
    for extra in documents[1:]:
        extra.add("definitions.twice", (), other=documents[0].file)
    if not documents:
        return NO_DEFINITIONS
    document = documents[0]
    part = parse(document, DefinitionsPart, {}) if document.root is not None else None
    if part is None or any(each.key not in TITLES.values() for each in document.problems):
        return None
    groups = {name: _group(document, name, part.departments) for name in part.departments}
    bands = {name: _band(document, name, edges) for name, edges in part.bands.items()}
    return Definitions(
        _purposes(document, part),
        MappingProxyType(groups),
        MappingProxyType(bands),
        check_shared(document, part.forbidden_together),
    )


def _purposes(document: Document, part: DefinitionsPart) -> PurposeTree | None:
    if part.purposes is None:
        return None
    for code in part.purposes:
        parent, _, _ = code.rpartition("/")
        if parent and parent not in part.purposes:
            document.add_at_key("purpose.no-parent", ("purposes", code), code=code, parent=parent)
    tree = {code: Purpose(code, given.title, given.title_en) for code, given in part.purposes.items()}
    return PurposeTree(MappingProxyType(tree))


def _group(document: Document, name: str, groups: Mapping[str, GroupPart]) -> Group:
    part = groups[name]
    for index, code in enumerate(part.departments):
        path: Path = ("departments", name, "departments", index)
        if code in part.departments[:index]:
            document.add("group.department-twice", path)
        elif code in groups:
            document.add("group.of-groups", path)
        elif not is_credit_code(code):
            document.add("credit-code.invalid", path)
    return Group(name, part.title, part.title_en, frozenset(part.departments))


def _band(document: Document, name: str, edges: list[int]) -> tuple[int, ...]:
    at = narrow_edge(edges)
    if at is not None:
        document.add("derivation.band", ("bands", name, at))
    return tuple(edges)
