"""`dxnode policy explain` goes by a grant that a running node has issued."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from support.cli_run import Ran, dxnode
from support.running import CASE, DEFERRAL, Running, pension_town, running
from support.town import HR, MEDICAL, TAX

from node.cli.terminal.exits import Exit
from node.core.deciding.grant import Grant


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(pension_town(tmp_path_factory.mktemp("town")), HR, TAX) as nodes:
        yield nodes


@pytest.fixture
def grant(nodes: Running) -> Grant:
    return nodes.grant()


def explain(nodes: Running, grant: str, *options: str, code: str = HR) -> Ran:
    office = nodes.town.offices[HR]
    request = ("pension-insurance", "is-enrolled", "--purpose", DEFERRAL, "--case", CASE)
    where = ("--policies", office.folder / "policies", "--config", nodes.town.offices[code].config)
    return dxnode("policy", "explain", *request, *where, "--grant", grant, *options)


def test_grant_of_the_node_decides_as_it_stands_there(nodes: Running, grant: Grant) -> None:
    permit = json.loads(explain(nodes, grant.id, "--json").out)
    assert (permit["permit"], permit["rule"], permit["supposed"]) == (True, "tax-deferral", [])
    checks = {check["clause"]: check["value"] for check in permit["checks"]}
    assert checks["grant.exists"] == grant.id
    with nodes.operator(HR) as officer:
        officer.admin.suspend_grant(grant.id, "under review")
    denial = json.loads(explain(nodes, grant.id, "--json").out)
    assert (denial["permit"], denial["reason"], denial["clause"]) == (False, "SUSPENDED", "grant.suspended")
    with nodes.operator(HR) as officer:
        officer.admin.resume_grant(grant.id, "reviewed")
    assert json.loads(explain(nodes, grant.id, "--json").out)["permit"]


def test_explaining_asks_nothing_and_records_nothing(nodes: Running, grant: Grant) -> None:
    before = len(nodes.records(HR)), len(nodes.records(TAX))
    assert explain(nodes, grant.id).code == Exit.OK
    assert (len(nodes.records(HR)), len(nodes.records(TAX))) == before


@pytest.mark.parametrize(("lang", "said"), [("en", f"is of {TAX}"), ("zh", f"属于 {TAX}")])
def test_grant_of_another_requester_is_told_as_that(
    nodes: Running, grant: Grant, lang: str, said: str
) -> None:
    ran = explain(nodes, grant.id, "--requester", MEDICAL, "--lang", lang)
    assert ran.code == Exit.OK
    assert said in ran.err


@pytest.mark.parametrize(("lang", "said"), [("en", "no grant has this id"), ("zh", "没有这一编号的授权")])
@pytest.mark.parametrize("code", [HR, TAX], ids=["unknown", "issued elsewhere"])
def test_grant_that_the_node_has_not_issued_is_told(
    nodes: Running, grant: Grant, code: str, lang: str, said: str
) -> None:
    ran = explain(nodes, grant.id if code == TAX else "g-0000000000000000", "--lang", lang, code=code)
    assert ran.code == Exit.USAGE
    assert said in ran.err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_node_that_does_not_answer_is_told(nodes: Running, grant: Grant, lang: str) -> None:
    ran = explain(nodes, grant.id, "--lang", lang, code=MEDICAL)
    assert ran.code == Exit.UNAVAILABLE
    assert "`dxnode serve`" in ran.err
    assert "--config" in ran.err
