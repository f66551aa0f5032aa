"""A backup is whole or refused: made while the node writes, checked to the last record, put back."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.running import CASE, DEFERRAL, ENROLLED, Running, asking, goes_on, pension_town, resident
from support.town import HR, TAX, Town

from node.app.backup import check_backup, lost_since, make_backup, restore_backup
from node.config.file import load_settings
from node.config.settings import Settings
from node.core.state.backup import DATABASE, MANIFEST, parse_backup
from node.core.state.lost_state import MARK
from node.errors import NodeError, Reason
from node.store import driver
from node.store.store import Store

NOW = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A town whose provider has answered, and has stopped."""
    town = pension_town(tmp_path_factory.mktemp("town"))
    nodes = Running(town)
    try:
        nodes.start(HR, TAX)
        nodes.grant()
        with nodes.operator(TAX) as tax, asking(tax) as answered:
            goes_on(answered)
    finally:
        nodes.close()
    state = town.offices[HR].folder / "state"
    (state / "catalogues").mkdir(exist_ok=True)
    (state / "catalogues" / f"{TAX}.0a1b.catalogue").write_bytes(b"a catalogue")
    return town


@pytest.fixture
def settings(stopped: Town, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The provider's settings, on a folder of its own."""
    folder = tmp_path_factory.mktemp("t")  # a socket's path is short
    shutil.copytree(stopped.folder / HR, folder / HR, ignore=shutil.ignore_patterns("*.sock"))
    return load_settings(folder / HR / "node.yaml")


@pytest.fixture
def made(settings: Settings, tmp_path: Path) -> Path:
    """A backup in a folder."""
    make_backup(settings, tmp_path / "backup", NOW, silent)
    return tmp_path / "backup"


def records(state: Path) -> list[bytes]:
    store = Store.open(state / DATABASE)
    try:
        return [leaf for _, leaf in store.leaves(0, 100_000)]
    finally:
        store.close()


def refused(work: Callable[[], object]) -> NodeError:
    with pytest.raises(NodeError) as error:
        work()
    return error.value


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# --- made ---


def test_backup_has_the_records_and_no_private_key(settings: Settings, made: Path) -> None:
    backup = parse_backup((made / MANIFEST).read_bytes())
    assert backup.department == HR
    assert backup.records == len(records(settings.state)) > 10
    assert files_below(made) == {MANIFEST, DATABASE, f"catalogues/{TAX}.0a1b.catalogue"}
    content = b"".join(path.read_bytes() for path in made.rglob("*") if path.is_file())
    for key in settings.keys.glob("*.json"):
        assert json.loads(key.read_text())["seed"].encode() not in content
    assert (settings.mark / "high-water").read_bytes() not in content
    assert len(backup.data_keys) == 1


def test_backup_that_was_made_can_be_put_back_whatever_lies_beside_the_state(
    settings: Settings, tmp_path: Path
) -> None:
    """The longest name of a policy file belongs to the state; what others leave there does not."""
    bundle = settings.state / "policies" / f"3-{'0' * 32}"
    bundle.mkdir(parents=True)
    longest = f"{'p' * 120}.yaml"
    for name in (longest, ".DS_Store", "a copy.yaml", "policy.yaml~", "社保.yaml"):
        (bundle / name).write_bytes(b"a policy")
    (settings.state / "policies" / "active").write_text(f"{bundle.name}\n")
    (settings.state / "catalogues" / "a copy.catalogue").write_bytes(b"a catalogue")
    make_backup(settings, tmp_path / "backup.tar", NOW, silent)
    shutil.rmtree(settings.state)
    restore_backup(settings, tmp_path / "backup.tar", NOW, silent)
    kept = {f"policies/{bundle.name}/{longest}", "policies/active", f"catalogues/{TAX}.0a1b.catalogue"}
    assert files_below(settings.state) - {"lock"} == {DATABASE, *kept}


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_backup_is_for_its_owner_alone_whatever_the_umask(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    before = os.umask(0)
    try:
        make_backup(settings, tmp_path / name, NOW, silent)
    finally:
        os.umask(before)
    for path in (tmp_path / name, *(tmp_path / name).rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_backup_under_traffic_is_one_moment_of_the_log(tmp_path: Path) -> None:
    nodes = Running(pension_town(tmp_path))
    try:
        nodes.start(HR, TAX)
        nodes.grant()
        settings = load_settings(nodes.town.offices[HR].config)
        with nodes.operator(TAX) as tax, asking(tax) as answered:
            goes_on(answered)
            made = []
            for number in range(3):
                made.append(make_backup(settings, tmp_path / f"{number}.tar", NOW, silent))
                goes_on(answered)
        leaves = nodes.leaves(HR)
    finally:
        nodes.close()
    assert made[0].records < made[1].records < made[2].records < len(leaves)
    for number, backup in enumerate(made):
        folder = tmp_path / f"unpacked-{number}"
        with tarfile.open(tmp_path / f"{number}.tar") as archive:
            archive.extractall(folder, filter="data")
        assert records(folder) == leaves[: backup.records]


def test_backup_is_never_half_there(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(what: str, done: int, _total: int) -> None:
        raise OSError(28, "No space left on device")

    for name in ("backup", "backup.tar"):
        assert refused(lambda name=name: make_backup(settings, tmp_path / name, NOW, fails))  # type: ignore[misc]
        assert sorted(path.name for path in tmp_path.iterdir()) == []


def test_what_is_there_already_is_not_overwritten(settings: Settings, made: Path) -> None:
    before = (made / MANIFEST).read_bytes()
    assert refused(lambda: make_backup(settings, made, NOW, silent)).reason is Reason.CONFIG_INVALID
    assert (made / MANIFEST).read_bytes() == before


def test_progress_is_told_to_its_end(settings: Settings, tmp_path: Path) -> None:
    told: dict[str, tuple[int, int]] = {}
    make_backup(
        settings, tmp_path / "backup", NOW, lambda what, done, total: told.update({what: (done, total)})
    )
    assert set(told) == {"copying", "checking"}
    assert all(done == total for done, total in told.values())


def damage_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def sql(path: Path, statement: str) -> None:
    connection = driver.driver.connect(str(path))
    connection.execute(statement).fetchall()
    connection.close()


def test_database_that_does_not_fit_its_checkpoint_is_not_backed_up(
    settings: Settings, tmp_path: Path
) -> None:
    sql(settings.state / DATABASE, "UPDATE record SET leaf = x'0801' WHERE seq = 3")
    error = refused(lambda: make_backup(settings, tmp_path / "backup", NOW, silent))
    assert error.reason is Reason.LOG_CORRUPT
    assert not (tmp_path / "backup").exists()


# --- put back ---


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_state_is_put_back_as_it_was_and_the_former_is_kept(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    make_backup(settings, tmp_path / name, NOW, silent)
    leaves = records(settings.state)
    mark = (settings.mark / "high-water").read_bytes()
    sql(settings.state / DATABASE, "DELETE FROM record")
    (settings.state / "catalogues" / f"{TAX}.0a1b.catalogue").unlink()
    restored = restore_backup(settings, tmp_path / name, NOW, silent)
    assert records(settings.state) == leaves
    assert (settings.state / "catalogues" / f"{TAX}.0a1b.catalogue").read_bytes() == b"a catalogue"
    assert restored.before is not None
    assert records(restored.before) == []
    assert (settings.mark / "high-water").read_bytes() == mark
    assert (restored.marked, lost_since(restored)) == (len(leaves), 0)
    assert not list(settings.state.glob(".restore-*"))


def test_state_that_is_gone_is_put_back(settings: Settings, made: Path) -> None:
    leaves = records(settings.state)
    shutil.rmtree(settings.state)
    assert restore_backup(settings, made, NOW, silent).before is None
    assert records(settings.state) == leaves
    assert stat.S_IMODE(settings.state.stat().st_mode) == 0o700


def test_write_ahead_log_of_the_former_database_is_not_left_beside_the_new_one(
    settings: Settings, made: Path
) -> None:
    for suffix in ("-wal", "-shm"):
        (settings.state / f"{DATABASE}{suffix}").write_bytes(b"of another database")
    restored = restore_backup(settings, made, NOW, silent)
    assert restored.before is not None
    assert not (settings.state / f"{DATABASE}-wal").exists()
    assert (restored.before / f"{DATABASE}-wal").read_bytes() == b"of another database"


def test_running_node_keeps_its_state(tmp_path: Path) -> None:
    nodes = Running(pension_town(tmp_path))
    try:
        nodes.start(HR)
        settings = load_settings(nodes.town.offices[HR].config)
        make_backup(settings, tmp_path / "backup", NOW, silent)
        error = refused(lambda: restore_backup(settings, tmp_path / "backup", NOW, silent))
        assert "already runs" in error.message
    finally:
        nodes.close()


def change_manifest(folder: Path, **changes: object) -> None:
    body = json.loads((folder / MANIFEST).read_text())
    body.update(changes)
    (folder / MANIFEST).write_text(json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a byte of the database": lambda folder: damage_page(folder / DATABASE),
    "a byte of a catalogue": lambda folder: damage_page(next((folder / "catalogues").iterdir())),
    "no database": lambda folder: (folder / DATABASE).unlink(),
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "a database that was cut": lambda folder: os.truncate(folder / DATABASE, 8192),
    "another department": lambda folder: change_manifest(folder, department=TAX),
    "another number of records": lambda folder: change_manifest(folder, records=1),
    "another checkpoint": lambda folder: change_manifest(folder, checkpoint=""),
    "a data key that is not here": lambda folder: change_manifest(folder, data_keys=["00" * 8]),
    "another format": lambda folder: change_manifest(folder, format="dxnode/backup/9"),
    "a manifest that is none": lambda folder: (folder / MANIFEST).write_bytes(b"\xff{"),
    "a link": lambda folder: _linked(folder),
}


def _linked(folder: Path) -> None:
    (folder / DATABASE).rename(folder.parent / "elsewhere.db")
    (folder / DATABASE).symlink_to(folder.parent / "elsewhere.db")


@pytest.mark.parametrize("damage", DAMAGES)
def test_backup_that_is_not_whole_changes_nothing(settings: Settings, made: Path, damage: str) -> None:
    before = (settings.state / DATABASE).read_bytes()
    DAMAGES[damage](made)
    error = refused(lambda: restore_backup(settings, made, NOW, silent))
    assert error.reason in (Reason.CONFIG_INVALID, Reason.LOG_CORRUPT, Reason.STORE_UNAVAILABLE)
    assert (settings.state / DATABASE).read_bytes() == before
    assert not list(settings.state.glob(".restore-*"))
    assert not list(settings.state.glob("before-restore-*"))


@pytest.mark.parametrize(
    "name", ["../outside", "/outside", "keys/log.json", "policies/../../x", "policies", "node.db-wal"]
)
def test_manifest_names_nothing_outside_of_the_state(settings: Settings, made: Path, name: str) -> None:
    body = json.loads((made / MANIFEST).read_text())
    body["files"].append({"name": name, "sha256": "0" * 64, "size": 0})
    change_manifest(made, files=body["files"])
    assert refused(lambda: restore_backup(settings, made, NOW, silent)).reason is Reason.CONFIG_INVALID


def packed(folder: Path, target: Path, *more: tuple[str, bytes]) -> Path:
    with tarfile.open(target, "w") as archive:
        for name in (MANIFEST, *sorted(files_below(folder) - {MANIFEST})):
            archive.add(folder / name, name)
        for name, content in more:
            (target.parent / "more").write_bytes(content)
            archive.add(target.parent / "more", name)
    return target


def test_archive_that_holds_more_or_less_than_its_manifest_is_refused(
    settings: Settings, made: Path, tmp_path: Path
) -> None:
    whole = packed(made, tmp_path / "whole.tar")
    more = packed(made, tmp_path / "more.tar", ("../outside", b"x"))
    twice = packed(made, tmp_path / "twice.tar", (DATABASE, (made / DATABASE).read_bytes()))
    (tmp_path / "cut.tar").write_bytes(whole.read_bytes()[:5000])
    (tmp_path / "none.tar").write_bytes(os.urandom(2000))
    (made / DATABASE).unlink()
    less = packed(made, tmp_path / "less.tar")
    for archive in (more, twice, less, tmp_path / "cut.tar", tmp_path / "none.tar"):
        error = refused(lambda archive=archive: restore_backup(settings, archive, NOW, silent))  # type: ignore[misc]
        assert error.reason is Reason.CONFIG_INVALID, archive
    assert not (settings.state.parent / "outside").exists()
    assert restore_backup(settings, whole, NOW, silent)


def test_restore_that_is_cut_off_leaves_an_old_database_a_new_one_or_none(
    settings: Settings, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves = records(settings.state)
    (settings.state / f"{DATABASE}-wal").write_bytes(b"")
    rename = Path.rename
    for cut in range(8):
        left = [cut]

        def renamed(path: Path, target: Path, left: list[int] = left) -> Path:
            if not left[0]:
                raise OSError(5, "Input/output error")
            left[0] -= 1
            return rename(path, target)

        with monkeypatch.context() as power:
            power.setattr(Path, "rename", renamed)
            done = True
            try:
                restore_backup(settings, made, NOW, silent)
            except NodeError:
                done = False
        if (settings.state / DATABASE).exists():
            assert records(settings.state) == leaves
        else:
            assert not (settings.state / f"{DATABASE}-wal").exists()
        if done:
            return
    raise AssertionError("never whole")


# --- what the node finds out ---


def ask(nodes: Running, number: int) -> object:
    with nodes.operator(TAX) as tax:
        try:
            return tax.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer
        except NodeError as error:
            return error.reason


def test_node_of_a_restored_backup_goes_on_if_nothing_was_recorded_since_and_else_does_not(
    tmp_path: Path,
) -> None:
    nodes = Running(pension_town(tmp_path))
    try:
        nodes.start(HR, TAX)
        nodes.grant()
        assert ask(nodes, 2) is True
        settings = load_settings(nodes.town.offices[HR].config)
        nodes.stop(HR)
        make_backup(settings, tmp_path / "backup", NOW, silent)
        restore_backup(settings, tmp_path / "backup", NOW, silent)
        nodes.start(HR)
        assert ask(nodes, 4) is True
        nodes.stop(HR)
        restored = restore_backup(settings, tmp_path / "backup", NOW, silent)
        assert lost_since(restored) >= 1
        nodes.start(HR)
        assert ask(nodes, 6) is Reason.STATE_LOST
        with nodes.operator(HR) as hr:
            status = hr.admin.status()
        assert status.state == "DEGRADED"
        assert status.lost is not None
        assert (status.lost.own_size, status.lost.seen_by) == (restored.backup.records, MARK)
    finally:
        nodes.close()


def test_database_that_was_copied_without_its_write_ahead_log_is_found(tmp_path: Path) -> None:
    nodes = Running(pension_town(tmp_path))
    try:
        nodes.start(HR, TAX)
        nodes.grant()
        state = load_settings(nodes.town.offices[HR].config).state
        with nodes.operator(TAX) as tax, asking(tax) as answered:
            goes_on(answered)
            shutil.copy(state / DATABASE, tmp_path / "copied.db")
            goes_on(answered)
        nodes.stop(HR)
        shutil.copy(tmp_path / "copied.db", state / DATABASE)
        nodes.start(HR)
        assert ask(nodes, 2) is Reason.STATE_LOST
    finally:
        nodes.close()


def test_checking_a_backup_changes_nothing_in_it(settings: Settings, made: Path) -> None:
    before = {name: (made / name).read_bytes() for name in files_below(made)}
    check_backup(settings, made, silent)
    assert {name: (made / name).read_bytes() for name in files_below(made)} == before
