"""A catalogue goes from one node to another as a file, and is found there; nothing else comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cli_run import Ran, at_a_terminal, dxnode
from support.running import ENROLLED, PENSION, Running, pension_town, running
from support.town import HR, MEDICAL, TAX

from node.cli.terminal.exits import Exit
from node.client import Client
from node.core.state.part import PartKind
from node.errors import NodeError, Reason

UNLISTED = "11441900000000043F"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(pension_town(tmp_path_factory.mktemp("town")), HR, TAX) as started:
        yield started


@pytest.fixture
def tax(nodes: Running) -> Iterator[Client]:
    with nodes.operator(TAX) as client:
        yield client


def at(nodes: Running, code: str, *arguments: str | Path) -> Ran:
    return dxnode("catalogue", *arguments, "--config", nodes.town.offices[code].config)


def own_finds(client: Client) -> list[str]:
    """What human resources provides, as far as the own node knows."""
    found = client.search_catalogue("养老保险", department=HR)
    return [f"{entry.provider}/{entry.dataset}" for entry in found.entries]


@pytest.mark.parametrize("name", ["catalogue.jsonld", "catalogue.csv"])
def test_exported_catalogue_is_found_where_it_is_imported(nodes: Running, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    exported = at(nodes, HR, "export", file)
    assert (exported.code, exported.out) == (0, f"1 entry exported to {file}\n")
    imported = at(nodes, TAX, "import", file, "--json")
    assert imported.code == 0, imported.err
    assert json.loads(imported.out)["entries"] == 1
    with nodes.operator(TAX) as tax:
        assert own_finds(tax) == [PENSION]


def test_terminal_shows_that_an_import_goes_on_and_a_pipe_nothing_of_it(
    nodes: Running, tmp_path: Path
) -> None:
    file = tmp_path / "catalogue.csv"
    at(nodes, HR, "export", file)
    piped = at(nodes, TAX, "import", file)
    assert piped.err == ""
    config = str(nodes.town.offices[TAX].config)
    out, screen = at_a_terminal(["catalogue", "import", str(file), "--config", config], [])
    assert out.startswith(f"catalogue of {HR}: 1 entry")
    assert "importing" in screen


def test_export_of_a_peer_is_what_the_peer_exports(nodes: Running, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "a.csv", tmp_path / "b.csv"
    assert at(nodes, HR, "export", ours).code == at(nodes, TAX, "export", theirs, "--provider", HR).code == 0
    assert ours.read_bytes() == theirs.read_bytes()


def test_approvals_that_a_file_makes_up_are_not_taken_over(nodes: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.jsonld"
    at(nodes, HR, "export", file)
    document = json.loads(file.read_text())
    made_up = {"role": "head", "department": HR, "person": "zhang", "at_ms": 1, "signed": "00"}
    document["dataset"][0]["publication"] = {"entry_digest": "00" * 32, "approvals": [made_up]}
    file.write_text(json.dumps(document))
    assert at(nodes, TAX, "import", file).code == 0
    with nodes.operator(TAX) as tax:
        (entry,) = tax.search_catalogue("养老保险").entries
        assert (entry.imported_from, entry.approvals) == (HR, ())


def test_imported_entry_is_not_served_nor_enforced(nodes: Running, tmp_path: Path, tax: Client) -> None:
    file = tmp_path / "catalogue.jsonld"
    at(nodes, HR, "export", file)
    at(nodes, TAX, "import", file)
    assert tax.catalogue() == ()
    with pytest.raises(NodeError) as refused:
        tax.dataset("pension-insurance")
    assert refused.value.reason is Reason.NOT_SHARED
    with pytest.raises(NodeError):
        tax.verify(ENROLLED.replace(HR, TAX), "441900198001010015", purpose="tax", case="DG-1")


def test_a_new_import_takes_the_place_of_the_one_before_whole(nodes: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.jsonld"
    at(nodes, HR, "export", file)
    document = json.loads(file.read_text())
    (node,) = document["dataset"]
    node["identifier"], node["@id"] = "other", node["@id"].replace("pension-insurance", "other")
    file.write_text(json.dumps(document))
    at(nodes, TAX, "import", file)
    with nodes.operator(TAX) as tax:
        assert own_finds(tax) == [f"{HR}/other"]


def test_a_name_that_does_not_say_the_format_is_refused(nodes: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.pdf"
    refused = at(nodes, HR, "export", file)
    assert refused.code == Exit.USAGE
    assert "end it in .jsonld, .json, .csv or give --format" in refused.err
    assert not file.exists()
    assert at(nodes, HR, "export", file, "--format", "csv").code == 0
    assert at(nodes, TAX, "import", file).code == Exit.USAGE
    assert json.loads(at(nodes, HR, "export", "-").out)["@type"] == "Catalog"


def test_a_table_that_takes_the_place_of_questions_says_so(nodes: Running, tmp_path: Path) -> None:
    whole, table = tmp_path / "catalogue.jsonld", tmp_path / "catalogue.csv"
    at(nodes, HR, "export", whole)
    at(nodes, HR, "export", table)
    first = at(nodes, TAX, "import", whole, "--json")
    assert (json.loads(first.out)["lost_questions"], first.err) == (0, "")
    assert "1 entry had questions and conditions of use before" in at(nodes, TAX, "import", table).err
    assert json.loads(at(nodes, TAX, "import", table, "--json").out)["lost_questions"] == 0  # by then none


def test_imported_entry_of_a_department_that_cannot_be_asked_is_shown(nodes: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    at(nodes, HR, "export", file)
    file.write_bytes(file.read_bytes().replace(HR.encode(), MEDICAL.encode()))
    at(nodes, TAX, "import", file)
    shown = at(nodes, TAX, "show", f"{MEDICAL}/pension-insurance", "--lang", "zh")
    assert shown.code == 0, shown.err
    assert f"来自 {MEDICAL} 的目录，导入时间 " in shown.out
    assert at(nodes, TAX, "show", f"{MEDICAL}/other").code != 0
    assert at(nodes, TAX, "list", "--provider", MEDICAL).code != 0


def test_imported_entry_of_a_department_that_is_no_member_is_shown(nodes: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    at(nodes, HR, "export", file)
    file.write_bytes(file.read_bytes().replace(HR.encode(), UNLISTED.encode()))
    assert at(nodes, TAX, "import", file).code == 0
    shown = at(nodes, TAX, "show", f"{UNLISTED}/pension-insurance")
    assert shown.code == 0, shown.err
    assert at(nodes, TAX, "show", f"{UNLISTED}/other").code == Exit.USAGE
    assert at(nodes, TAX, "list", "--provider", UNLISTED).code == Exit.USAGE


def test_a_bad_file_leaves_what_was_imported(nodes: Running, tmp_path: Path, tax: Client) -> None:
    file = tmp_path / "catalogue.jsonld"
    at(nodes, HR, "export", file)
    at(nodes, TAX, "import", file)
    file.write_bytes(file.read_bytes()[:-9])
    refused = at(nodes, TAX, "import", file)
    assert refused.code != 0
    assert "catalogue.jsonld:" in refused.err
    assert own_finds(tax) == [PENSION]


def test_a_damaged_import_leaves_the_last_good_one_in_use_and_is_told(
    nodes: Running, tmp_path: Path, tax: Client
) -> None:
    file = tmp_path / "catalogue.jsonld"
    at(nodes, HR, "export", file)
    at(nodes, TAX, "import", file)
    (kept,) = (nodes.town.offices[TAX].folder / "state" / "catalogues").glob(f"{HR}.*")
    content = kept.read_bytes()
    kept.write_bytes(content[:-1])
    assert [each for each in tax.admin.reload().refused if each.part.kind is PartKind.IMPORTED]
    assert own_finds(tax) == [PENSION]
    kept.write_bytes(content)
    assert not [each for each in tax.admin.reload().refused if each.part.kind is PartKind.IMPORTED]


def test_nobody_imports_the_own_catalogue(nodes: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.jsonld"
    at(nodes, HR, "export", file)
    refused = at(nodes, HR, "import", file)
    assert refused.code != 0
    assert "this department's own" in refused.err


def test_own_entries_in_anothers_catalogue_are_left_out(nodes: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    at(nodes, HR, "export", file)
    imported = at(nodes, HR, "import", file, "--publisher", MEDICAL, "--json")
    assert json.loads(imported.out) | {"entries": 0, "own_left_out": 1} == json.loads(imported.out)
    with nodes.operator(HR) as client:
        (entry,) = client.search_catalogue("养老保险").entries
        assert entry == client.dataset("pension-insurance")


def test_errors_of_files_are_told_in_chinese(nodes: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    file.write_text("目录名称,口令\n")
    refused = at(nodes, TAX, "import", file, "--lang", "zh")
    assert "catalogue.csv:1:1: 缺少 目录标识 列：请补上" in refused.err
