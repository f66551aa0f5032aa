"""The DCAT export says what it means to say, in terms that others know, and hostile files are refused."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import Any

import pytest
import rdflib
from rdflib import namespace as ns
from rdflib.collection import Collection
from support.policy_changes import POLICY, files
from support.policy_samples import HUMAN_RESOURCES

from node.core.catalogue.dcat import CONTEXT, NAMESPACE, read_dcat, write_dcat
from node.core.catalogue.entry import entry_of
from node.core.reading.build import build_policies
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DX = rdflib.Namespace(NAMESPACE)
EU = "http://publications.europa.eu/resource/authority/"
DATASET = rdflib.URIRef(f"urn:dxnode:dataset:{HUMAN_RESOURCES}:pension-insurance")
ENTRY = entry_of(*build_policies(files(POLICY)).datasets.values())
TEXT = "".join(write_dcat(HUMAN_RESOURCES, NOW, [ENTRY]))


@pytest.fixture(scope="module")
def graph() -> rdflib.Graph:
    return rdflib.Graph().parse(data=TEXT, format="json-ld")


def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(TEXT)
    return read


def refused(content: bytes | str | dict[str, Any]) -> str:
    if isinstance(content, dict):
        content = json.dumps(content)
    with pytest.raises(NodeError) as error:
        read_dcat("c.jsonld", content if isinstance(content, bytes) else content.encode())
    assert error.value.reason is Reason.CONFIG_INVALID
    return error.value.message


def test_catalogue_and_dataset_are_those_of_dcat(graph: rdflib.Graph) -> None:
    catalogue = rdflib.URIRef(f"urn:dxnode:catalogue:{HUMAN_RESOURCES}")
    assert (catalogue, ns.RDF.type, ns.DCAT.Catalog) in graph
    assert (catalogue, ns.DCAT.dataset, DATASET) in graph
    assert (
        catalogue,
        ns.DCTERMS.modified,
        rdflib.Literal("2026-11-22T08:30:00+00:00", datatype=ns.XSD.dateTime),
    ) in graph
    assert (DATASET, ns.RDF.type, ns.DCAT.Dataset) in graph


def test_titles_have_their_languages(graph: rdflib.Graph) -> None:
    assert set(graph.objects(DATASET, ns.DCTERMS.title)) == {
        rdflib.Literal("基本养老保险参保信息", lang="zh"),
        rdflib.Literal("Enrolment in pension insurance", lang="en"),
    }


@pytest.mark.parametrize(
    ("term", "values"),
    [
        (ns.DCTERMS.identifier, {rdflib.Literal("pension-insurance")}),
        (ns.DCTERMS.publisher, {rdflib.URIRef(f"urn:dxnode:department:{HUMAN_RESOURCES}")}),
        (ns.DCTERMS.accrualPeriodicity, {rdflib.URIRef(f"{EU}frequency/DAILY")}),
        (ns.DCTERMS.accessRights, {rdflib.URIRef(f"{EU}access-right/RESTRICTED")}),
        (
            ns.DCTERMS.spatial,
            {rdflib.URIRef("urn:dxnode:region:441900003"), rdflib.URIRef("urn:dxnode:region:441900004")},
        ),
        (DX.sharing, {rdflib.Literal("conditional")}),
        (DX.level, {rdflib.Literal(3)}),
        (DX.use, {rdflib.Literal("社保")}),
    ],
)
def test_terms_say_what_the_entry_says(graph: rdflib.Graph, term: rdflib.URIRef, values: set[object]) -> None:
    assert set(graph.objects(DATASET, term)) == values


def test_purposes_are_themes(graph: rdflib.Graph) -> None:
    purposes = {purpose for rule in ENTRY.rules for purpose in rule.purposes}
    assert set(graph.objects(DATASET, ns.DCAT.theme)) == {
        rdflib.URIRef(f"urn:dxnode:purpose:{purpose}") for purpose in purposes
    }


def test_data_items_and_rules_keep_their_order(graph: rdflib.Graph) -> None:
    for term, name, expected in (
        (DX.fields, DX.name, [field.name for field in ENTRY.fields]),
        (DX.rules, DX.id, [rule.id for rule in ENTRY.rules]),
    ):
        (head,) = graph.objects(DATASET, term)
        items = Collection(graph, head)
        assert [str(graph.value(item, name)) for item in items] == expected


def test_every_term_is_one_of_ours_or_of_a_vocabulary(graph: rdflib.Graph) -> None:
    known = (NAMESPACE, str(ns.DCAT), str(ns.DCTERMS), str(ns.RDF))
    assert {str(term) for term in graph.predicates() if not str(term).startswith(known)} == set()


def test_the_context_is_never_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_given: object) -> None:
        raise AssertionError("a file made the reader open a connection")

    monkeypatch.setattr(socket, "socket", no_network)
    for context in ("http://127.0.0.1/evil.jsonld", ["http://127.0.0.1/evil.jsonld", CONTEXT], None):
        assert "none is ever fetched" in refused(document() | {"@context": context})


@pytest.mark.parametrize(
    ("key", "meaning"),
    [
        ("sharing", "dct:title"),
        ("title", "dct:description"),
        ("@base", "http://127.0.0.1/"),
        ("@import", "http://127.0.0.1/evil.jsonld"),
        ("@vocab", "urn:other#"),
    ],
)
def test_a_context_that_gives_terms_another_meaning_is_refused(key: str, meaning: str) -> None:
    assert f"in @context.{key}: " in refused(document() | {"@context": CONTEXT | {key: meaning}})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"identifier": ""}, "in dataset[0]: the entry needs a name"),
        ({"publisher": {"@id": "x"}}, "in dataset[0].publisher: the publisher is a department"),
        ({"publisher": None}, "in dataset[0].publisher: the publisher is a department"),
        (
            {"sharing": "public"},
            "in dataset[0].sharing: one of these is expected: unconditional, conditional",
        ),
        (
            {"sharing": "unconditional", "accessRights": "x"},
            "in dataset[0].accessRights: this does not agree",
        ),
        ({"theme": []}, "in dataset[0].theme: this does not agree"),
        ({"@type": "Catalog"}, "in dataset[0].@type: this does not agree"),
        ({"@context": CONTEXT}, "in dataset[0].@context: there is no such key"),
        ({"level": 2.5}, "in dataset[0].level: a whole number from 0 to"),
        ({"level": True}, "in dataset[0].level: a whole number from 0 to"),
        ({"level": 2**40}, "in dataset[0].level: a whole number from 0 to"),
        ({"title": "养老"}, "in dataset[0].title: titles are given by language"),
        ({"title": {"zh": 1}}, "in dataset[0].title.zh: a text is expected"),
        ({"use": "\ud800"}, "in dataset[0].use: the text has characters"),
        ({"use": "x" * 10_001}, "in dataset[0].use: the text is longer than"),
        ({"digest": "xy"}, "in dataset[0].digest: bytes in hexadecimal"),
        ({"fields": [{"name": "a", "extra": 1}]}, "in dataset[0].fields[0].extra: there is no such key"),
        (
            {"fields": [{"name": "a"}, {"name": "a"}]},
            "in dataset[0]: the entry has two data items of one name",
        ),
        ({"fields": {"name": "a"}}, "in dataset[0].fields: a list is expected"),
        ({"summary": {"provider": "x"}}, "in dataset[0].summary: there is no such key"),
        ({"rules": [7]}, "in dataset[0].rules[0]: an object is expected"),
    ],
)
def test_an_entry_that_is_not_good_is_refused_with_its_place(change: dict[str, object], said: str) -> None:
    changed = document()
    changed["dataset"][0].update(change)
    assert said in refused(changed)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (TEXT.encode()[:500], "the file is no JSON, or cut short"),
        (b"", "c.jsonld:1:1: the file is no JSON, or cut short"),
        (TEXT.encode("gb18030"), "the file is GB 18030: save it as UTF-8"),
        (TEXT.encode("utf-16"), "c.jsonld:1:1: the file is UTF-16: save it as UTF-8"),
        (TEXT.encode("utf-16-le"), "the file is UTF-16: save it as UTF-8"),
        (b'{"a": "\xff\xfe"}', "the file is not UTF-8"),
        (b"[" * 100_000, "out of all bounds"),
        (b'{"a": NaN}', "out of all bounds"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "out of all bounds"),
        (b'{"dataset": [], "dataset": []}', "an object has two keys 'dataset'"),
        (b"[]", "a JSON object is expected"),
        (b"PK\x03\x04" + b"\0" * 30 + b"xl/workbook.xml", "Excel workbook"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, said: str) -> None:
    assert said in refused(content)


OTHER = "http://www.w3.org/ns/dcat#"


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (
            '{"@context": {"dcat": "' + OTHER + '"}, "@graph": [{"@type": "dcat:Catalog"}]}',
            "JSON-LD, @graph",
        ),
        ('{"@context": {"dcat": "' + OTHER + '"}, "@type": "dcat:Catalog", "dcterms:title": "x"}', "JSON-LD"),
        ('{"@context": "https://schema.org", "@type": "Dataset", "name": "x"}', "schema.org"),
        ('[{"@id": "x", "@type": ["' + OTHER + 'Dataset"]}]', "JSON-LD"),
        ('{"success": true, "result": {"results": []}}', "JSON"),
        # As portals of other countries, and pages, publish them.
        ('{"conformsTo": "x", "@type": "dcat:Catalog", "dataset": [{"@type": "dcat:Dataset"}]}', "JSON"),
        ('{"@type": ["http://www.w3.org/ns/dcat#Catalog"], "dataset": []}', "JSON"),
        ('{"@context": "https://schema.org/", "@type": "DataCatalog", "dataset": []}', "schema.org"),
        ('{"@context": "https://www.w3.org/ns/dcat.jsonld", "@type": "dcat:Catalog"}', "JSON-LD"),
        ("@prefix dcat: <" + OTHER + "> .\n<x> a dcat:Catalog .\n", "Turtle"),
        ("# a catalogue\nPREFIX dcat: <" + OTHER + ">\n", "Turtle"),
        ("\ufeff<?xml version='1.0'?><rdf:RDF/>", "RDF/XML"),
        ("<rdf:RDF xmlns:rdf='x'/>", "RDF/XML"),
        ("<http://x/1> <http://x/2> <http://x/3> .\n", "N-Triples"),
    ],
)
def test_a_catalogue_of_another_profile_is_told_in_one_sentence(content: str, form: str) -> None:
    said = refused(content)
    assert said.count("\n") == 0
    assert f"of another profile ({form})" in said or form in said
    assert "import a table (CSV)" in said


@pytest.mark.parametrize(
    "extra",
    [
        {"foaf": "http://xmlns.com/foaf/0.1/"},
        {"dcterms": "http://purl.org/dc/terms/", "schema": "https://schema.org/"},
        {"spdx": {"@id": "http://spdx.org/rdf/terms#", "@prefix": True}},
    ],
)
def test_prefixes_of_others_in_the_context_are_harmless(extra: dict[str, Any]) -> None:
    ours = read_dcat("c.jsonld", TEXT.encode())
    for context in (CONTEXT | extra, extra | CONTEXT, [CONTEXT, extra]):
        assert read_dcat("c.jsonld", json.dumps(document() | {"@context": context}).encode()) == ours


def test_keys_with_such_a_prefix_are_passed_over_and_named() -> None:
    more = document() | {"@context": CONTEXT | {"foaf": "http://xmlns.com/foaf/0.1/"}, "foaf:page": "x"}
    more["dataset"][0] |= {"foaf:topic": {"@id": "y"}}
    found = read_dcat("c.jsonld", json.dumps(more).encode())
    assert found.entries == read_dcat("c.jsonld", TEXT.encode()).entries
    assert found.passed_over == ("foaf:page", "foaf:topic")


@pytest.mark.parametrize(
    ("prefix", "meaning"),
    [("urn", "http://127.0.0.1/"), ("http", "urn:x:"), ("level", "urn:x:"), ("name", "dct:title")],
)
def test_a_prefix_that_would_change_what_is_ours_is_refused(prefix: str, meaning: str) -> None:
    changed = document() | {"@context": CONTEXT | {prefix: meaning}}
    assert f"in @context.{prefix}: the term has another meaning here" in refused(changed)


def test_a_key_that_is_one_of_ours_under_another_prefix_is_not_passed_over() -> None:
    changed = document() | {"@context": CONTEXT | {"x": NAMESPACE}}
    changed["dataset"][0]["x:sharing"] = "unconditional"
    assert "in dataset[0].x:sharing: there is no such key" in refused(changed)


def test_a_file_without_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.core.catalogue.dcat.MAX_BYTES", 100)
    assert "longer than 100 bytes" in refused(TEXT)
    monkeypatch.undo()
    monkeypatch.setattr("node.core.catalogue.dcat.MAX_ENTRIES", 1)
    many = document()
    many["dataset"] *= 2
    assert "more than 1 entries" in refused(many)


def test_an_entry_that_is_there_twice_is_refused() -> None:
    twice = document()
    twice["dataset"] *= 2
    assert "in dataset[1]: the provider has an entry of that name already" in refused(twice)


def test_no_more_than_twenty_faults_are_told() -> None:
    many = document()
    many["dataset"] = [1] * 1000
    assert len(refused(many).splitlines()) == 20


def test_a_key_that_is_there_twice_among_very_many_is_found_at_once() -> None:
    keys = ",".join(f'"k{number}":0' for number in range(200_000))
    assert "two keys 'k7'" in refused("{" + keys + ',"k7":0}')


def test_an_entry_out_of_all_bounds_is_refused() -> None:
    large = document()
    large["dataset"][0]["modes"] = ["x" * 10_000] * 105
    assert "in dataset[0]: the entry takes more than 1048576 bytes" in refused(large)


def test_what_a_fault_quotes_of_the_file_is_short_and_does_nothing_to_a_terminal() -> None:
    hostile = document() | {"\x1b]0;owned\x07\u202e" + "k" * 100_000: 1}
    said = refused(hostile)
    assert said.startswith(r"in \x1b]0;owned\x07\u202ekkk")
    assert said.isprintable()
    assert len(said) < 1000
