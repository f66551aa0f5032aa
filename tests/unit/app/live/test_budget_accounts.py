"""Claims about sources and their budget accounts: one account a source, remembered under all its names."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.remembered import Remembered
from support.running import pension_policy, pension_town
from support.told import all_english
from support.town import HR, Office

from node.app.live.budget_accounts import check_accounts, conflicts
from node.app.live.live import Live
from node.app.live.policy_loading import load_policies
from node.config.file import load_settings
from node.core.state.part import Part, PartKind
from node.errors import NodeError, Reason

pytestmark = pytest.mark.slow("data is built by processes of their own")

NAME, OTHER = "pension-insurance", "pension-payments"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return pension_town(tmp_path).offices[HR]


def policy(office: Office, name: str, account: str = "", text: str = "") -> None:
    """A policy that draws on an account, its own if none is given."""
    text = (text or pension_policy()).replace(f"dataset: {NAME}", f"dataset: {name}", 1)
    if account:
        text = text.replace("period: year", f"period: year\n  account: {account}")
    (office.folder / "policies" / f"{name}.yaml").write_text(text)


def sources(office: Office, **more: str) -> None:
    """A further source for each dataset, in the words of the settings; _ stands for -."""
    lines = "".join(f"  {name.replace('_', '-')}: {source}\n" for name, source in more.items())
    text = office.config.read_text()
    office.config.write_text(text.replace("sources:\n", f"sources:\n{lines}", 1))


def live(office: Office, memory: Remembered | None = None) -> Live:
    settings = load_settings(office.config)
    return Live(office.config, settings, memory or Remembered(), lambda: datetime.now(UTC), os.urandom)


def test_datasets_of_one_source_with_different_accounts_are_refused_with_words(office: Office) -> None:
    sources(office, pension_payments="{csv: data/../data/pension-insurance.csv}")
    policy(office, OTHER)
    node = live(office)

    assert node.sources.opened == {}
    message = (
        "pension-insurance, pension-payments have one source and different budget accounts: "
        "give them one privacy.account in their policies"
    )
    assert set(all_english(node.problems())) == {f"source {NAME}: {message}", f"source {OTHER}: {message}"}


def test_datasets_of_one_source_with_one_account_are_served(office: Office) -> None:
    sources(office, pension_payments="{csv: data/pension-insurance.csv}")
    policy(office, OTHER, account=NAME)
    node = live(office)

    assert set(node.sources.opened) == {NAME, OTHER}
    assert node.problems() == []


def test_dataset_that_has_no_budget_needs_no_account(office: Office) -> None:
    sources(office, pension_payments="{csv: data/pension-insurance.csv}")
    text, _, _ = pension_policy().partition("privacy:")
    questions, _, rest = text.partition("  enrolled-by-region:")
    rules = rest.partition("\nrules:")[2].replace("[enrolled-by-region]", "[is-enrolled]")
    policy(office, OTHER, text=f"{questions}\nrules:{rules}")
    assert set(live(office).sources.opened) == {NAME, OTHER}


def test_conflict_that_is_mended_is_no_problem_any_more(office: Office) -> None:
    sources(office, pension_payments="{csv: data/pension-insurance.csv}")
    policy(office, OTHER)
    node = live(office)
    (office.folder / "policies" / f"{OTHER}.yaml").unlink()
    assert node.reload().refused == ()
    assert set(node.sources.opened) == {NAME}
    assert node.problems() == []


def test_account_that_becomes_another_takes_the_source_out_of_use_only_while_datasets_differ(
    office: Office,
) -> None:
    sources(office, pension_payments="{csv: data/pension-insurance.csv}")
    policy(office, OTHER, account=NAME)
    node = live(office)
    policy(office, OTHER, account="another")
    assert len(node.reload().refused) == 2
    assert node.sources.opened == {}
    policy(office, OTHER, account=NAME)
    assert node.reload().refused == ()
    assert set(node.sources.opened) == {NAME, OTHER}


def test_tables_of_one_database_may_have_different_accounts(office: Office) -> None:
    sources(
        office,
        pension_payments="{url: 'postgresql://db/city', table: payments}",
        pension_other="{url: 'postgresql://db/city', table: others}",
        pension_third="{url: 'postgresql+psycopg://reader@db:5432/city', table: public.others}",
    )
    for name in (OTHER, "pension-other", "pension-third"):
        policy(office, name)
    settings = load_settings(office.config)
    policies = load_policies(settings.policies.folder, HR)
    assert set(conflicts(policies, settings)) == {"pension-other", "pension-third"}
    with pytest.raises(NodeError) as refused:
        check_accounts(policies, settings)
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_account_is_remembered_with_every_name_of_its_source(office: Office) -> None:
    memory = Remembered()
    live(office, memory)
    (names,) = memory.accounts.values()
    assert memory.accounts.keys() == {NAME}
    assert f"dataset {NAME}" in names
    assert f"file {os.path.realpath(office.folder / 'data' / 'pension-insurance.csv')}" in names
    assert sum(name.startswith("content ") for name in names) == 1


def test_contents_without_a_row_link_no_accounts(office: Office) -> None:
    path = office.folder / "data" / "pension-insurance.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    memory = Remembered()
    node = live(office, memory)
    memory.set_fact(*node.held(NAME).as_good(NAME))  # an empty load has to be accepted
    node.open_anew(NAME)
    assert not [name for name in memory.accounts[NAME] if name.startswith("content ")]


def test_source_whose_account_cannot_be_remembered_is_not_answered_from(office: Office) -> None:
    memory = Remembered()
    node = live(office, memory)
    policy(office, NAME, account="another")
    memory.full = True
    assert any(each.part == Part(PartKind.ACCOUNT, NAME) for each in node.reload().refused)
    assert node.sources.opened == {}
    memory.full = False
    node.retry()
    assert set(node.sources.opened) == {NAME}
    assert "another" in memory.accounts
    assert node.problems() == []


def test_load_that_a_wrong_clock_dated_is_counted_anew_with_the_next_reload(office: Office) -> None:
    path = office.folder / "register.db"
    columns = "resident_id text, name text, status text, months_paid integer, region text"
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE t ({columns})")
    database.close()
    live_table = f"{{url: 'sqlite:///{path}', table: t}}"
    text = office.config.read_text()
    office.config.write_text(text.replace("{csv: data/pension-insurance.csv}", live_table))
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    clock = [now + timedelta(days=10)]
    settings, memory = load_settings(office.config), Remembered()
    node = Live(office.config, settings, memory, lambda: clock[0], os.urandom)
    wrong = node.sources.loads[NAME]
    clock[0] = now
    node.reload()
    again = node.sources.loads[NAME]
    assert (again.number, again.daily) == (wrong.number + 1, True)
    assert again.days(now) == 0
    assert memory.loads[NAME] == again
