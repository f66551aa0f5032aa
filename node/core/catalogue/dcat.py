"""A catalogue as DCAT 3 in JSON-LD, and back (W3C Recommendation "Data Catalog Vocabulary", version 3).

The terms of DCAT and Dublin Core say what other catalogues can take over. What Decree 809 asks for
beyond them, and all that is enforced, has terms of its own below `NAMESPACE`, named as in the project's
protos. A file carries its whole context: nothing is ever fetched to read one, and no other context is
taken, so that a term can mean only one thing.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NoReturn

from google.protobuf.message import Message as ProtoMessage

from node.core.catalogue.file import (
    MAX_BYTES,
    MAX_ENTRIES,
    CatalogueFile,
    Faults,
    entry_faults,
    fault_at,
    quoted,
)
from node.core.catalogue.json import Json, from_json, to_json
from node.core.file_form import FileForm, form_of
from node.core.identity import is_credit_code
from node.core.reading.decoded import is_gb18030
from node.texts.message import Message
from node.texts.wording import t
from node.v1 import catalogue_pb2 as pb

NAMESPACE = "urn:dxnode:catalogue#"
_DEPARTMENT = "urn:dxnode:department:"
_DATASET = "urn:dxnode:dataset:"
_CATALOGUE = "urn:dxnode:catalogue:"
_PURPOSE = "urn:dxnode:purpose:"
_REGION = "urn:dxnode:region:"
_AUTHORITY = "http://publications.europa.eu/resource/authority/"
# The European Union's tables "Frequency" and "Access right", which DCAT names as vocabularies to use.
_FREQUENCY = {
    "realtime": "UPDATE_CONT",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "yearly": "ANNUAL",
    "once": "NEVER",
}
# Shared among departments is not yet open to the public (Art. 2, 14).
_ACCESS = {
    pb.SHARING_ATTRIBUTE_UNCONDITIONAL: "RESTRICTED",
    pb.SHARING_ATTRIBUTE_CONDITIONAL: "RESTRICTED",
    pb.SHARING_ATTRIBUTE_NOT_SHARED: "NON_PUBLIC",
}
_MOST_LOOKED_AT = 4096
_MOST_OF_MARK = 64
# How other writings of RDF begin, in small letters.
_OTHER_RDF = {
    "Turtle": (b"@prefix", b"@base", b"prefix ", b"base ", b"#"),
    "N-Triples": (b"<http", b"<urn", b"_:"),
    "RDF/XML": (b"<rdf:",),
}
_IRIS = ("accrualPeriodicity", "accessRights", "conformsTo", "spatial")


def _context() -> dict[str, Json]:
    """The terms of a file: Dublin Core and DCAT by name, all others in the namespace."""
    context: dict[str, Json] = {
        "@version": 1.1,
        "@vocab": NAMESPACE,
        "dcat": "http://www.w3.org/ns/dcat#",
        "dct": "http://purl.org/dc/terms/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "Catalog": "dcat:Catalog",
        "Dataset": "dcat:Dataset",
        "Agent": "dct:Agent",
        "dataset": "dcat:dataset",
        "theme": {"@id": "dcat:theme", "@type": "@id"},
        "title": {"@id": "dct:title", "@container": "@language"},
        "identifier": "dct:identifier",
        "publisher": "dct:publisher",
        "modified": {"@id": "dct:modified", "@type": "xsd:dateTime"},
    }
    context |= {name: {"@id": f"dct:{name}", "@type": "@id"} for name in _IRIS}
    # RDF knows no order; that of rules and data items means something.
    for name in sorted(_repeated(pb.Dataset())):
        context[name] = {"@container": "@list"}
    return context


def _repeated(entry: ProtoMessage) -> set[str]:
    """The names of all repeated fields of a message and its parts."""
    return {name for name, repeated in _fields(entry) if repeated}


def _fields(entry: ProtoMessage) -> Iterator[tuple[str, bool]]:
    """All fields of a message and its parts: their names, and whether they are repeated."""
    left = [entry.DESCRIPTOR]
    while left:
        fields = left.pop().fields
        yield from ((field.name, field.is_repeated) for field in fields)
        left += [field.message_type for field in fields if field.message_type is not None]


CONTEXT = _context()
_OF_CATALOGUE = frozenset(
    {"@context", "@id", "@type", "title", "publisher", "modified", "conformsTo", "dataset"}
)
# What names something in a file of ours; whatever else a context explains says nothing here.
_TERMS = frozenset({*CONTEXT, *_OF_CATALOGUE, *(name for name, _ in _fields(pb.Dataset()))})
# A prefix of one of these would change what our own identifiers mean.
_SCHEMES = frozenset({"urn", "http", "https"})
# What other terms say again: it follows from the entry, and has to agree with it.
_DERIVED = ("@id", "@type", "accrualPeriodicity", "accessRights", "theme", "spatial")


def write_dcat(publisher: str, modified: datetime, entries: Iterable[pb.Dataset]) -> Iterator[str]:
    """A JSON-LD document in parts, ending in a newline; `publisher` is a credit code."""
    head: dict[str, Json] = {
        "@context": CONTEXT,
        "@id": _CATALOGUE + publisher,
        "@type": "Catalog",
        "title": {lang: t("file.catalogue.title", lang) for lang in ("zh", "en")},
        "publisher": _agent(publisher),
        "modified": modified.isoformat(timespec="seconds"),
        "conformsTo": "http://www.w3.org/TR/vocab-dcat-3/",
    }
    yield json.dumps(head, ensure_ascii=False, indent=1).removesuffix("\n}") + ',\n "dataset": ['
    for number, entry in enumerate(entries):
        yield (",\n" if number else "\n") + json.dumps(dataset_node(entry), ensure_ascii=False)
    yield "\n ]\n}\n"


def dataset_node(entry: pb.Dataset) -> dict[str, Json]:
    """One entry as a node object; where it was imported from is left out."""
    own = to_json(entry)
    own.pop("summary", None)
    summary = entry.summary
    node: dict[str, Json] = {
        **_derived(entry),
        "identifier": summary.dataset,
        "publisher": _agent(summary.provider),
    }
    shown = to_json(
        pb.DatasetSummary(
            title=summary.title,
            title_en=summary.title_en,
            sharing=summary.sharing,
            update=summary.update,
            unapproved=summary.unapproved,
        )
    )
    return node | shown | own


def _agent(code: str) -> Json:
    return {"@id": _DEPARTMENT + code, "@type": "Agent", "identifier": code}


def _derived(entry: pb.Dataset) -> dict[str, Json]:
    """What standard terms say of an entry that its own terms say too."""
    summary = entry.summary
    node: dict[str, Json] = {
        "@id": f"{_DATASET}{summary.provider}:{summary.dataset}",
        "@type": "Dataset",
    }
    if summary.update in _FREQUENCY:
        node["accrualPeriodicity"] = f"{_AUTHORITY}frequency/{_FREQUENCY[summary.update]}"
    if summary.sharing in _ACCESS:
        node["accessRights"] = f"{_AUTHORITY}access-right/{_ACCESS[summary.sharing]}"
    purposes = sorted({purpose for rule in entry.rules for purpose in rule.purposes})
    if purposes:
        node["theme"] = [_PURPOSE + purpose for purpose in purposes]
    regions = sorted({value for field in entry.fields if field.type == "region" for value in field.values})
    if regions:
        node["spatial"] = [_REGION + region for region in regions]
    return node


def read_dcat(name: str, content: bytes) -> CatalogueFile:
    """The catalogue in a JSON-LD document that `write_dcat` wrote. Raises NodeError(CONFIG_INVALID)."""
    document = _parsed(name, content)
    faults = Faults()
    if (profile := _other_profile(document)) is not None:
        raise fault_at(name, 1, 1, "file.catalogue.other-profile", form=profile)
    if not isinstance(document, dict):
        raise fault_at(name, 1, 1, "file.catalogue.root-expected")
    foreign = _Foreign(_check_context(document.get("@context"), faults))
    for key in sorted(foreign.left_out(document).keys() - _OF_CATALOGUE):
        faults.add_in(key, Message("file.shape.unknown"))
    if document.get("@type") != "Catalog":
        faults.add_in("@type", Message("file.catalogue.no-catalog"))
    publisher = _code(document.get("publisher"), "publisher", faults)
    nodes = document.get("dataset", [])
    if not isinstance(nodes, list):
        faults.add_in("dataset", Message("file.shape.list"))
        nodes = []
    if len(nodes) > MAX_ENTRIES:
        faults.add_in("dataset", Message("file.catalogue.entries-most", {"most": MAX_ENTRIES}))
    faults.check()
    entries = _entries(nodes, foreign, faults)
    faults.check()
    return CatalogueFile(publisher, entries, tuple(foreign.passed_over))


class _Foreign:
    """Keys with prefixes of others that a context explains: they say nothing of ours, and are passed over."""

    def __init__(self, prefixes: frozenset[str]) -> None:
        self._prefixes = prefixes
        self.passed_over: dict[str, None] = {}

    def left_out(self, node: dict[str, Json]) -> dict[str, Json]:
        """The node without them."""
        foreign = [key for key in node if ":" in key and key.partition(":")[0] in self._prefixes]
        self.passed_over |= dict.fromkeys(foreign)
        return {key: value for key, value in node.items() if key not in foreign} if foreign else node


def _other_profile(document: Json) -> str | None:
    """What a document is that tells of catalogues in other terms; None for one of ours, be it good or not."""
    if isinstance(document, list):
        return "JSON-LD" if document and isinstance(document[0], dict) else None
    if not isinstance(document, dict) or document.get("@type") == "Catalog":
        return None
    if "@type" not in document and document.keys() <= _OF_CATALOGUE:
        return None
    context = document.get("@context")
    if "@graph" in document:
        return "JSON-LD, @graph"
    if "schema.org" in json.dumps(context)[:_MOST_LOOKED_AT]:
        return "JSON-LD, schema.org"
    if isinstance(context, dict) and context.get("@vocab") == NAMESPACE:
        return None
    return "JSON" if context is None else "JSON-LD"


def _parsed(name: str, content: bytes) -> Json:
    def refuse(_number: str) -> NoReturn:
        raise ValueError

    if len(content) > MAX_BYTES:
        raise fault_at(name, 1, 1, "file.catalogue.long", most=MAX_BYTES)
    _refuse_other_form(name, content)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        encoding = "GB 18030" if is_gb18030(content) else ""
        key = "file.catalogue.encoded" if encoding else "file.catalogue.no-utf8"
        raise fault_at(name, line, column, key, **({"encoding": encoding} if encoding else {})) from None
    try:
        document: Json = json.loads(text, parse_constant=refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise fault_at(name, error.lineno, error.colno, "file.catalogue.json") from None
    except _TwiceError as error:
        raise fault_at(name, 1, 1, "file.catalogue.key-twice", name=error.args[0]) from None
    except (ValueError, RecursionError):
        raise fault_at(name, 1, 1, "file.catalogue.numbers") from None
    return document


def _refuse_other_form(name: str, content: bytes) -> None:
    """Raises NodeError(CONFIG_INVALID) for RDF that is no JSON, for tables, and for what is no text."""
    beginning = content.removeprefix(BOM_UTF8)[:_MOST_LOOKED_AT].lstrip()
    for form, begins in _OTHER_RDF.items():
        if beginning[:_MOST_OF_MARK].lower().startswith(begins):
            raise fault_at(name, 1, 1, "file.catalogue.other-profile", form=form)
    match form_of(content):
        case FileForm.UTF_16 | FileForm.UTF_32 as form:
            raise fault_at(name, 1, 1, "file.catalogue.encoded", encoding=form.encoding)
        case FileForm.JSON:
            return
        case FileForm.XML:
            raise fault_at(name, 1, 1, "file.catalogue.other-profile", form="RDF/XML")
        case FileForm() as form:
            raise fault_at(name, 1, 1, form.said().key)


class _TwiceError(Exception):
    """A key stands twice in an object."""


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise _TwiceError(quoted(next(key for key in tree if counts[key] > 1)[:60]))
    return tree


def _check_context(context: Json, faults: Faults) -> frozenset[str]:
    """The context is in the file, and gives no term another meaning; what it explains beside them."""
    if isinstance(context, list) and context and all(isinstance(each, dict) for each in context):
        context = {
            key: meaning for each in context if isinstance(each, dict) for key, meaning in each.items()
        }
    if not isinstance(context, dict):
        faults.add_in("@context", Message("file.catalogue.context-missing"))
        return frozenset()
    others = {key for key in context.keys() - _TERMS - _SCHEMES if not key.startswith("@")}
    for key, meaning in context.items():
        if key not in others and CONTEXT.get(key) != meaning:
            faults.add_in(f"@context.{key}", Message("file.catalogue.term-differs"))
    if context.get("@vocab") != NAMESPACE:
        faults.add_in(
            "@context.@vocab", Message("file.catalogue.namespace-expected", {"namespace": NAMESPACE})
        )
    ours = {meaning for meaning in CONTEXT.values() if isinstance(meaning, str)}
    return frozenset(key for key in others if str(_iri(context[key])) not in ours)


def _iri(meaning: Json) -> Json:
    """What a prefix stands for, be it written short or as a definition."""
    return meaning.get("@id") if isinstance(meaning, dict) else meaning


def _code(agent: Json, path: str, faults: Faults) -> str:
    """The credit code of a publisher."""
    code = agent.get("identifier") if isinstance(agent, dict) else None
    if not isinstance(code, str) or not is_credit_code(code) or agent != _agent(code):
        faults.add_in(path, Message("file.catalogue.publisher"))
        return ""
    return code


def _entries(nodes: list[Json], foreign: _Foreign, faults: Faults) -> tuple[pb.Dataset, ...]:
    entries: dict[tuple[str, str], pb.Dataset] = {}
    for place, node in enumerate(nodes):
        path = f"dataset[{place}]"
        if faults.full:
            break
        if not isinstance(node, dict):
            faults.add_in(path, Message("file.shape.object"))
            continue
        entry = _entry(foreign.left_out(node), path, faults)
        for fault in entry_faults(entry):
            faults.add_in(path, fault)
        key = (entry.summary.dataset, entry.summary.provider)
        if key in entries:
            faults.add_in(path, Message("file.catalogue.entry-twice"))
        entries[key] = entry
    return tuple(entries.values())


def _entry(node: dict[str, Json], path: str, faults: Faults) -> pb.Dataset:
    """An entry from its node object."""
    own = dict(node)
    derived = {key: own.pop(key) for key in _DERIVED if key in own}
    of_summary = ("title", "sharing", "update", "unapproved")
    summary: dict[str, Json] = {key: own.pop(key) for key in of_summary if key in own}
    summary["dataset"] = own.pop("identifier", "")
    provider = _code(own.pop("publisher", None), f"{path}.publisher", faults)
    if "summary" in own:
        faults.add_in(f"{path}.summary", Message("file.shape.unknown"))
        del own["summary"]
    entry = pb.Dataset()
    from_json(summary, entry.summary, path, faults)
    entry.summary.provider = provider
    from_json(own, entry, path, faults)
    expected = _derived(entry)
    for key, value in derived.items():
        if expected.get(key) != value:
            faults.add_in(f"{path}.{key}", Message("file.catalogue.differs"))
    return entry
