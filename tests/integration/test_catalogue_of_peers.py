"""A department searches its own and another's catalogue through its own node (Art. 19)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.running import DEFERRAL, Running, pension_town, running
from support.town import HR, TAX

from node.client import Client
from node.errors import NodeError, Reason


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(pension_town(tmp_path_factory.mktemp("town")), HR, TAX) as nodes:
        yield nodes


@pytest.fixture(scope="module")
def tax(nodes: Running) -> Iterator[Client]:
    with nodes.operator(TAX) as client:
        yield client


def test_a_desk_tells_the_purposes_of_its_own_policies_with_their_titles(nodes: Running) -> None:
    with nodes.operator(HR) as client:
        titles = {each.code: each.title for each in client.purposes()}
    assert DEFERRAL in titles
    assert all(titles.values())


def test_peer_tells_what_it_has_and_on_which_conditions(tax: Client) -> None:
    found = tax.search_catalogue("养老保险", HR, purpose=DEFERRAL, limit=1)
    assert (found.total, [entry.dataset for entry in found.entries]) == (1, ["pension-insurance"])
    entry = found.entries[0]
    assert entry == tax.dataset("pension-insurance", HR)
    assert any(DEFERRAL in condition.purposes for each in entry.questions for condition in each.conditions)


def test_peer_says_that_it_has_nothing(tax: Client) -> None:
    assert tax.search_catalogue("不存在的数据", HR).total == 0


def test_own_catalogue_is_searched_without_a_provider_and_by_the_own_code(tax: Client) -> None:
    assert tax.search_catalogue("养老保险").total == 0
    assert tax.search_catalogue("养老保险", TAX).total == 0


@pytest.mark.parametrize("provider", ["", HR])
@pytest.mark.parametrize("text", ["", "养" * 101, "a b c d e f g"])
def test_search_without_bounds_is_refused(tax: Client, text: str, provider: str) -> None:
    with pytest.raises(NodeError) as refused:
        tax.search_catalogue(text, provider)
    assert refused.value.reason is Reason.QUERY_INVALID
