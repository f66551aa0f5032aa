"""A promise: what was spent of the privacy of some data stays spent, whatever these are called.

Neither another name of the dataset or of its account, nor another period, nor another place of its file, nor
two datasets that change places, gives a department a budget anew on the same data.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.running import CASE, PLANNING, Running, pension_grant, pension_policy, pension_town, register
from support.town import HR, TAX, Office
from support.waiting import wait_for

from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec

NAME, OTHER = "pension-insurance", "pension-payments"
ONE_RELEASE = pension_policy(dataset="0.5", organisation="0.5", requester="0.5")


def account(text: str, name: str) -> str:
    return text.replace("period: year", f"period: year\n  account: {name}")


def renamed(text: str, name: str) -> str:
    return text.replace(f"dataset: {NAME}", f"dataset: {name}", 1)


class Register:
    """The node of human resources, and what it says of its register."""

    def __init__(self, nodes: Running) -> None:
        self.nodes = nodes
        self.office: Office = nodes.town.offices[HR]

    def policies(self, **texts: str) -> None:
        """These policies, by dataset, where _ stands for -; no others."""
        folder = self.office.folder / "policies"
        for path in folder.glob("*.yaml"):
            if path.name != "definitions.yaml":
                path.unlink()
        for name, text in texts.items():
            (folder / f"{name.replace('_', '-')}.yaml").write_text(text)

    def sources(self, **files: str) -> None:
        """The data file of each dataset; they need a restart."""
        first, _, rest = self.office.config.read_text().partition("sources:\n")
        kept = [line for line in rest.splitlines(keepends=True) if not line.startswith("  ")]
        lines = [f"  {name.replace('_', '-')}: {{csv: data/{file}}}\n" for name, file in files.items()]
        self.office.config.write_text(first + "sources:\n" + "".join(lines + kept))

    def file(self, name: str = f"{NAME}.csv") -> Path:
        return self.office.folder / "data" / name

    def touch(self, name: str = f"{NAME}.csv") -> None:
        """Another load, so that no release that was made before is given again."""
        path = self.file(name)
        shutil.copyfile(path, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def restart(self) -> None:
        self.nodes.stop(HR)
        self.nodes.start(HR)

    def reload(self) -> None:
        with self.nodes.operator(HR) as hr:
            assert hr.admin.reload().refused == ()

    def grant(self, dataset: str) -> None:
        issued = self.nodes.grant(replace(pension_grant(), dataset=dataset))
        with self.nodes.operator(TAX) as tax:  # which may not have noticed yet that the other is back
            wait_for(lambda: issued.id in {grant.id for grant in tax.grants(refresh=True)})

    def count(self, dataset: str = NAME) -> None:
        """A new release. Raises NodeError, as when the budget is used up."""
        with self.nodes.operator(TAX) as tax:
            release = tax.statistic(f"{HR}/{dataset}/enrolled-by-region", purpose=PLANNING, case=CASE)
        assert not release.reused

    def refuses(self, dataset: str = NAME) -> None:
        """Nothing is left to spend."""
        with pytest.raises(NodeError) as refused:
            self.count(dataset)
        assert refused.value.reason is Reason.BUDGET_EXHAUSTED

    def spent(self) -> int:
        """What the records say was spent by all together, in micro-epsilon."""
        verdicts: list[rec.Verdict] = [r.verdict for r in self.nodes.records(HR)]
        return sum(c.amount for v in verdicts for c in v.charges if c.scope == "budget.dataset")


@contextmanager
def running(folder: Path, policy: str) -> Iterator[Register]:
    nodes = Running(pension_town(folder, policy))
    try:
        nodes.start(HR, TAX)
        yield Register(nodes)
    finally:
        nodes.close()


@pytest.fixture
def spent(tmp_path: Path) -> Iterator[Register]:
    """One release was made, and the budget is used up by it."""
    with running(tmp_path, ONE_RELEASE) as here:
        here.grant(NAME)
        here.count()
        here.touch()
        here.reload()
        here.refuses()
        yield here
        assert here.spent() == 500_000


def test_dataset_under_another_name_has_spent_the_same(spent: Register) -> None:
    spent.policies(pension_payments=renamed(ONE_RELEASE, OTHER))
    spent.sources(pension_payments=f"{NAME}.csv")
    spent.restart()
    spent.grant(OTHER)
    spent.refuses(OTHER)


def test_account_under_another_name_has_spent_the_same(spent: Register) -> None:
    spent.policies(pension_insurance=account(ONE_RELEASE, "another"))
    spent.reload()
    spent.refuses()
    spent.policies(pension_insurance=account(ONE_RELEASE, "a-third"))
    spent.reload()
    spent.refuses()
    with spent.nodes.operator(HR) as hr:
        (told,) = hr.admin.status().accounts
    assert (told.account, told.datasets) == ("a-third", (NAME,))
    assert told.counted_with == ("another", NAME)
    assert (told.spent_micros, told.limit_micros) == (500_000, 500_000)


def test_other_periods_have_what_is_left_of_their_own_days(spent: Register) -> None:
    for period in ("month", "day", "year"):
        spent.policies(pension_insurance=ONE_RELEASE.replace("period: year", f"period: {period}"))
        spent.reload()
        spent.refuses()


def test_dataset_and_file_under_other_names_have_spent_the_same(spent: Register) -> None:
    spent.nodes.stop(HR)
    spent.file().rename(spent.file("moved.csv"))
    spent.policies(pension_payments=renamed(ONE_RELEASE, OTHER))
    spent.sources(pension_payments="moved.csv")
    spent.nodes.start(HR)
    spent.grant(OTHER)
    spent.refuses(OTHER)


def test_dataset_account_and_period_in_several_steps_have_spent_the_same(spent: Register) -> None:
    spent.policies(pension_insurance=account(ONE_RELEASE, "first"))
    spent.reload()
    spent.policies(
        pension_payments=renamed(account(ONE_RELEASE, "second"), OTHER).replace(
            "period: year", "period: month"
        )
    )
    spent.sources(pension_payments=f"{NAME}.csv")
    spent.restart()
    spent.grant(OTHER)
    spent.refuses(OTHER)


def test_second_dataset_on_the_same_source_has_no_budget_of_its_own(spent: Register) -> None:
    spent.sources(pension_insurance=f"{NAME}.csv", pension_payments=f"{NAME}.csv")
    spent.policies(pension_insurance=ONE_RELEASE, pension_payments=renamed(ONE_RELEASE, OTHER))
    spent.restart()
    spent.grant(OTHER)
    with spent.nodes.operator(HR) as hr:
        problems = hr.admin.status().problems
    assert any("have one source and different budget accounts" in problem.message for problem in problems)
    with pytest.raises(NodeError) as refused:
        spent.count(OTHER)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE

    spent.policies(pension_insurance=ONE_RELEASE, pension_payments=account(renamed(ONE_RELEASE, OTHER), NAME))
    spent.reload()
    spent.refuses(OTHER)
    spent.refuses(NAME)


def test_copy_of_the_file_under_another_name_has_spent_the_same(spent: Register) -> None:
    shutil.copyfile(spent.file(), spent.file("copy.csv"))
    spent.sources(pension_insurance=f"{NAME}.csv", pension_payments="copy.csv")
    spent.policies(pension_insurance=ONE_RELEASE, pension_payments=renamed(ONE_RELEASE, OTHER))
    spent.restart()
    spent.grant(OTHER)
    spent.refuses(OTHER)


def test_datasets_that_change_places_have_spent_the_same(spent: Register) -> None:
    spent.file("payments.csv").write_text(register(300))
    spent.sources(pension_insurance=f"{NAME}.csv", pension_payments="payments.csv")
    spent.policies(pension_insurance=ONE_RELEASE, pension_payments=renamed(ONE_RELEASE, OTHER))
    spent.restart()
    spent.grant(OTHER)

    spent.sources(pension_insurance="payments.csv", pension_payments=f"{NAME}.csv")
    spent.restart()
    spent.refuses(OTHER)
    # Both were data of both names: they share what is left, which is nothing.
    spent.refuses(NAME)


def test_dataset_of_other_data_has_a_budget_of_its_own(tmp_path: Path) -> None:
    with running(tmp_path, ONE_RELEASE) as here:
        here.file("payments.csv").write_text(register(300))
        here.sources(pension_insurance=f"{NAME}.csv", pension_payments="payments.csv")
        here.policies(pension_insurance=ONE_RELEASE, pension_payments=renamed(ONE_RELEASE, OTHER))
        here.restart()
        for dataset in (NAME, OTHER):
            here.grant(dataset)
            here.count(dataset)
        assert here.spent() == 1_000_000


def test_datasets_of_one_account_spend_of_one_budget(tmp_path: Path) -> None:
    with running(tmp_path, ONE_RELEASE) as here:
        here.file("payments.csv").write_text(register(300))
        here.sources(pension_insurance=f"{NAME}.csv", pension_payments="payments.csv")
        here.policies(
            pension_insurance=account(ONE_RELEASE, "residents"),
            pension_payments=account(renamed(ONE_RELEASE, OTHER), "residents"),
        )
        here.restart()
        here.grant(NAME)
        here.grant(OTHER)
        here.count(NAME)
        here.refuses(OTHER)
        assert here.spent() == 500_000
