"""A path that the system refuses is told as what it is by every command that takes one, never as a defect."""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from support.cli_run import dxnode
from typer import Typer

from node.cli.main import GROUPS, MODULES
from node.cli.terminal.exits import Exit
from node.errors import Reason
from node.files.why import refused, why
from node.texts.wording import LANGUAGES, find, say

CODE = "11441900000000019Y"
POLICIES = Path(__file__).parents[3] / "policies"
NEEDS: dict[str, str] = {
    "demo folder": "demo --examples --folder PATH",
    "init folder": "init PATH",
    "init dev_authority": "init made --dev-authority PATH",
    "serve config": "serve --config PATH",
    "status cert": "status --desk localhost:1 --cert PATH --key k --roots r",
    "status key": "status --desk localhost:1 --cert c.pem --key PATH --roots c.pem",
    "status roots": "status --desk localhost:1 --cert c.pem --key k.pem --roots PATH",
    "status config": "status --config PATH",
    "verify subject_from": "verify ASKED --subject-from PATH",
    "ask subject_from": "ask ASKED --subject-from PATH",
    "batch source": "batch d/q PATH out.csv --purpose tax/refund --case C1 DESK",
    "batch target": "batch d/q in.csv PATH --purpose tax/refund --case C1 DESK",
    "catalogue approve key": "catalogue approve SIGNED --key PATH --as head",
    "catalogue approve policies": "catalogue approve d --policies PATH --key k.key --as head",
    "catalogue approve passphrase_file": "catalogue approve SIGNED --as head --key k --passphrase-file PATH",
    "catalogue verify policies": "catalogue verify --config new/node.yaml --policies PATH",
    "catalogue verify config": "catalogue verify --config PATH",
    "catalogue cause policies": "catalogue cause d --on 2026-01-05 --policies PATH",
    "catalogue due policies": "catalogue due --policies PATH",
    "catalogue due config": "catalogue due --config PATH",
    "catalogue export file": "catalogue export PATH --format csv DESK",
    "catalogue import file": "catalogue import PATH --config new/node.yaml --format csv --publisher CODE",
    "catalogue import config": "catalogue import f.csv --config PATH",
    "policy new folder": "policy new ds --provider CODE --folder PATH",
    "policy check paths": "policy check PATH",
    "policy check directory": "policy check policies --directory PATH",
    "policy explain policies": "policy explain EXPLAINED --policies PATH",
    "policy explain holidays": "policy explain EXPLAINED POLICIES --holidays PATH",
    "policy explain directory": "policy explain EXPLAINED POLICIES --directory PATH --authority-key a",
    "policy explain config": "policy explain EXPLAINED POLICIES --config PATH",
    "policy test paths": "policy test PATH",
    "policy test holidays": "policy test policies --holidays PATH",
    "policy test config": "policy test policies --config PATH",
    "policy diff before": "policy diff PATH policies",
    "policy diff after": "policy diff policies PATH",
    "policy diff holidays": "policy diff policies policies --holidays PATH",
    "policy diff holidays_before": "policy diff policies policies --holidays-before PATH",
    "policy diff config": "policy diff policies policies --config PATH",
    "policy sign folder": "policy sign PATH --key k.key",
    "policy sign key": "policy sign new/policies --key PATH",
    "policy sign passphrase_file": "policy sign new/policies --key o/o.key --passphrase-file PATH",
    "policy verify folder": "policy verify PATH --config new/node.yaml",
    "policy verify config": "policy verify new/policies --config PATH",
    "policy activate folder": "policy activate PATH --config new/node.yaml",
    "policy activate config": "policy activate new/policies --config PATH",
    "workdays holidays": "workdays 2026-01-05 --holidays PATH",
    "workdays config": "workdays 2026-01-05 --config PATH",
    "log prove since": "log prove --since PATH DESK",
    "log prove out": "log prove 0 --out PATH DESK",
    "log checkpoint out": "log checkpoint --out PATH DESK",
    "log export file": "log export PATH DESK",
    "log verify file": "log verify PATH",
    "log verify directory": "log verify in.csv --directory PATH --authority-key a",
    "log verify checkpoint": "log verify in.csv --checkpoint PATH",
    "log verify seen": "log verify in.csv --seen PATH",
    "peer export file": "peer export PATH DESK",
    "order draft out": "order draft accept-clock --reason why --out PATH DESK",
    "order show file": "order show PATH",
    "order show config": "order show order.txt --config PATH",
    "order sign file": "order sign PATH --key k.key",
    "order sign key": "order sign order.txt --key PATH",
    "order sign passphrase_file": "order sign order.txt --key o/o.key --passphrase-file PATH",
    "order apply file": "order apply PATH DESK",
    "backup target": "backup PATH --config new/node.yaml",
    "backup config": "backup out.tar --config PATH",
    "restore source": "restore PATH --config new/node.yaml",
    "restore config": "restore in.csv --config PATH",
    "pki authority folder": "pki authority PATH --code CODE",
    "pki node authority": "pki node --authority PATH --config bare/node.yaml",
    "pki node config": "pki node --config PATH",
    "pki desk-user out": "pki desk-user a --role clerk --config new/node.yaml --out PATH",
    "pki desk-user config": "pki desk-user a --role clerk --out u --config PATH",
    "pki officer out": "pki officer lin --code CODE --out PATH --passphrase-file pass",
    "pki officer passphrase_file": "pki officer lin --code CODE --out o2 --passphrase-file PATH",
    "pki member out": "pki member --config new/node.yaml --out PATH",
    "pki member roots": "pki member --config new/node.yaml --out m.json --roots PATH",
    "pki member config": "pki member --config PATH",
    "pki directory publish authority": "pki directory publish --authority PATH",
    "pki directory publish member": "pki directory publish --authority authority --member PATH",
    "pki directory publish out": "pki directory publish --authority authority --out PATH",
    "pki directory show file": "pki directory show PATH",
    "pki directory show config": "pki directory show --config PATH",
    "pki rotate sealing config": "pki rotate sealing --config PATH",
    "pki rotate data config": "pki rotate data --config PATH",
    "pki rotate log config": "pki rotate log --config PATH",
    "pki rotate cosign config": "pki rotate cosign --config PATH",
    "pki rotate certificate authority": "pki rotate certificate --config new/node.yaml --authority PATH",
    "pki rotate certificate config": "pki rotate certificate --authority authority --config PATH",
    "pki rotate activate config": "pki rotate activate --config PATH",
    "config check file": "config check PATH",
    "config check config": "config check --config PATH",
    "config show file": "config show PATH",
    "config show config": "config show --config PATH",
}
"""Each parameter that is a path, and a command line that gets as far as using PATH."""
MEANT = {
    "SIGNED": "pension-insurance POLICIES",
    "POLICIES": "--policies policies",
    "ASKED": f"{CODE}/d/q --purpose tax/refund --case C1 DESK",
    "EXPLAINED": f"pension-insurance --requester {CODE} --purpose social-insurance/pension",
    "DESK": "--desk unix:desk.sock",
    "CODE": CODE,
}
AS_STATUS = {"cert", "key", "roots", "config"}
"""What every command that asks a desk takes, and `status` stands for."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a node, an authority, an officer, and paths that lead nowhere."""
    folder = tmp_path_factory.mktemp("paths")
    before = Path.cwd()
    os.chdir(folder)
    Path("pass").write_text("a passphrase that is long enough\n")
    Path("pass").chmod(0o600)
    Path("in.csv").write_text("id\n")
    Path("c.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    Path("k.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    Path("folder").mkdir()
    Path("policies").symlink_to(POLICIES)
    made = dxnode("init", "new", "--dev-authority", "authority")
    assert made.code == 0, made.err
    assert dxnode("init", "bare").code == 0
    made = dxnode("pki", "officer", "o", "--code", CODE, "--out", "o", "--passphrase-file", "pass")
    assert made.code == 0, made.err
    yield folder
    os.chdir(before)


WRONG: dict[str, str] = {
    "a name too long": "x" * 300,
    "a name too long beside a settings file": "y" * 300 + "/node.yaml",
    "a path too long": "/".join(["d" * 200] * 30),
    "a link to itself": "loop",
    "below a link to itself": "loop/a.yaml",
    "below a file": "in.csv/a.yaml",
    "where nobody may write": "/proc/nothing/of/this",
}

SOONEST = ("a name too long", "a link to itself", "below a file")
MANY = pytest.mark.full("each command with each path takes long together")


@pytest.mark.parametrize(
    "wrong", [each if each in SOONEST else pytest.param(each, marks=MANY) for each in WRONG]
)
@pytest.mark.parametrize("parameter", NEEDS)
def test_a_path_that_the_system_refuses_is_no_defect(place: Path, parameter: str, wrong: str) -> None:
    told = dxnode(*_given(parameter, WRONG[wrong]))
    takes_the_place_of_a_link = WRONG[wrong] == "loop" and parameter.endswith("out")
    assert told.code not in (Exit.FAILED, *([] if takes_the_place_of_a_link else [Exit.OK])), told.err


@pytest.mark.parametrize("parameter", NEEDS)
def test_a_folder_in_the_place_of_a_file_is_no_defect(place: Path, parameter: str) -> None:
    told = dxnode(*_given(parameter, "folder"))
    assert told.code != Exit.FAILED, told.err


@pytest.mark.parametrize("parameter", NEEDS)
def test_a_path_that_is_no_utf_8_is_no_defect(place: Path, parameter: str) -> None:
    told = dxnode(*_given(parameter, "caf\udce9/a.yaml"))
    assert told.code != Exit.FAILED, told.err


@pytest.mark.parametrize("parameter", NEEDS)
def test_a_name_that_is_just_short_enough_is_no_defect(place: Path, parameter: str) -> None:
    """What is written beside it first has a longer one."""
    told = dxnode(*_given(parameter, "z" * 250))
    assert told.code != Exit.FAILED, told.err


def _given(parameter: str, path: str) -> list[str]:
    Path("loop").unlink(missing_ok=True)  # a file that was written may have taken its place
    Path("loop").symlink_to("loop")
    line = NEEDS[parameter]
    for word, meant in MEANT.items():
        line = line.replace(word, meant)
    return [path if word == "PATH" else word for word in shlex.split(line)]


def test_every_parameter_that_is_a_path_is_among_them() -> None:
    taken = dict(_paths())
    assert {name for name in taken if name.rpartition(" ")[2] not in AS_STATUS} <= set(NEEDS)
    assert {name for name in NEEDS if name not in taken and name.rpartition(" ")[2] != "source"} == set()


def _paths() -> Iterator[tuple[str, object]]:
    for command, module in MODULES.items():
        app: Typer = import_module(f"node.{module}").app
        for words, called in _commands(app, (command,) if command in GROUPS else ()):
            if words[0] == command:
                for name, hint in get_type_hints(called, include_extras=True).items():
                    if "pathlib.Path" in str(hint):
                        yield f"{' '.join(words)} {name}", hint


def _commands(app: Typer, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Callable[..., Any]]]:
    for each in app.registered_commands:
        assert each.callback is not None
        yield (*above, each.name or each.callback.__name__.replace("_", "-")), each.callback
    for group in app.registered_groups:
        if group.typer_instance is not None:
            name = group.name or group.typer_instance.info.name
            yield from _commands(group.typer_instance, (*above, str(name)))


FULL = [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO, errno.EMFILE]


@pytest.mark.parametrize(
    "number",
    [errno.ENOSPC, errno.EROFS, *(pytest.param(each, marks=MANY) for each in FULL[2:])],
    ids=errno.errorcode.get,
)
@pytest.mark.parametrize(
    "line",
    [
        "init other",
        "policy new ds --provider " + CODE + " --folder elsewhere",
        "pki authority other --code " + CODE,
        "pki officer lin --code " + CODE + " --out elsewhere --passphrase-file pass",
        "pki desk-user a --role clerk --config new/node.yaml --out elsewhere",
        "pki member --config new/node.yaml --out elsewhere.json",
        "backup elsewhere.tar --config new/node.yaml",
        "policy sign new/policies --key o/o.key --passphrase-file pass",
        "pki rotate sealing --config new/node.yaml",
    ],
)
def test_a_disk_that_takes_nothing_is_no_defect(
    place: Path, line: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(number, os.strerror(number), path)
        return opened(path, flags, mode, dir_fd=dir_fd)

    opened = os.open
    monkeypatch.setattr(os, "open", full)
    told = dxnode(*shlex.split(line))
    assert told.code in (Exit.USAGE, Exit.UNAVAILABLE), told.err
    assert told.err.startswith("error: "), told.err


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("number", [*FULL, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR])
def test_what_nobody_caught_is_told_with_its_path(number: int, lang: str) -> None:
    told = refused(OSError(number, os.strerror(number), "some/where.yaml"))
    assert told is not None
    assert told.reason is Reason.CONFIG_INVALID
    assert say(told.wording, lang).startswith("some/where.yaml")
    bare = refused(OSError(number, os.strerror(number)))
    assert bare is not None
    assert find(why(OSError(number, "")).key, lang) is not None
    assert say(why(OSError(number, "")), lang) in say(bare.wording, lang)


@pytest.mark.parametrize("number", [errno.ECONNREFUSED, errno.EDEADLK, errno.EBADF, 0])
def test_what_is_no_matter_of_files_stays_a_defect(number: int) -> None:
    assert refused(OSError(number, "x")) is None
