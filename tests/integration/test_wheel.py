"""The program as it is installed from a wheel: it runs where there is no copy of the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.places import ROOT

from node.demo.shipped import PARTS, without_lost_links

NEEDED = ("node", *PARTS, "LICENSE", "NOTICE", "README.md", "pyproject.toml")
"""What a wheel is made of."""
LONG = 280


@dataclass(frozen=True, slots=True)
class Built:
    """What `python -m build` made, and the program installed from it."""

    wheel: Path
    sdist: Path
    program: Path
    site: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built in a copy of the project that is gone afterwards: what is read from there would be missed."""
    folder = tmp_path_factory.mktemp("wheel")
    copy, made, venv = folder / "copy", folder / "made", folder / "venv"
    copy.mkdir()
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, copy / name)
    _python("-m", "build", "--no-isolation", "--outdir", str(made), cwd=copy)
    shutil.rmtree(copy)
    (wheel,), (sdist,) = made.glob("*.whl"), made.glob("*.tar.gz")
    _python("-m", "venv", "--without-pip", str(venv), cwd=folder)
    python = venv / "bin" / "python"
    install = ("install", "--no-index", "--no-deps", "--disable-pip-version-check", str(wheel))
    _python("-m", "pip", "--python", str(python), *install, cwd=folder)
    paths = {name: sysconfig.get_path(name) for name in ("purelib", "platlib")}
    site = Path(sysconfig.get_path("purelib", vars={"base": str(venv), "platbase": str(venv)}))
    # Folders alone: the project's own installation, a .pth file there, is not followed.
    (site / "others.pth").write_text("".join(f"{path}\n" for path in sorted(set(paths.values()))))
    return Built(wheel, sdist, venv / "bin" / "dxnode", site)


def _python(*arguments: str, cwd: Path) -> str:
    return _run([sys.executable, *arguments], cwd)


def _run(command: list[str], cwd: Path, **more: str) -> str:
    done = subprocess.run(  # noqa: S603 - this interpreter, or what was installed from this project
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
        env={**_environment(), **more},
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def _environment() -> Mapping[str, str]:
    """Nothing that leads to the project."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("DXNODE_", "PYTHON"))}


def test_what_runs_is_what_was_installed(built: Built, tmp_path: Path) -> None:
    python = str(built.program.with_name("python"))
    where = _run([python, "-c", "import node; print(node.__file__)"], tmp_path)
    assert Path(where.strip()) == built.site / "node" / "__init__.py"


@pytest.mark.full("it is played from the project too")
def test_demo_plays_every_scene(built: Built, tmp_path: Path) -> None:
    told = _run([str(built.program), "demo", "--residents", "1000", "--json"], tmp_path)
    assert json.loads(told)["ok"] is True
    assert list(tmp_path.iterdir()) == [], "nothing is left where it was run"


def test_examples_that_come_along_are_those_of_the_project(built: Built, tmp_path: Path) -> None:
    _run([str(built.program), "demo", "--examples"], tmp_path)
    written = _contents(tmp_path / "dxnode-examples")
    shipped = {
        f"{part}/{path}": content for part in PARTS for path, content in _contents(ROOT / part).items()
    }
    assert written.keys() == shipped.keys()
    for name, content in shipped.items():
        page = (tmp_path / "dxnode-examples" / name).parent
        is_page = name.endswith(".md")  # in which links to what did not come along are left out
        assert written[name] == (
            without_lost_links(content.decode(), page).encode() if is_page else content
        ), name
    assert len(written) > 50


def test_policies_that_come_along_pass_their_check_and_their_tests(built: Built, tmp_path: Path) -> None:
    _run([str(built.program), "demo", "--examples", "--folder", "examples"], tmp_path)
    _run([str(built.program), "policy", "check", "examples/policies", "--allow-warnings"], tmp_path)
    _run([str(built.program), "policy", "test", "examples/policies/pension-insurance.test.yaml"], tmp_path)


def test_first_steps_need_no_project(built: Built, tmp_path: Path) -> None:
    dxnode = str(built.program)
    assert _run([dxnode, "config", "show", "--reference"], tmp_path) == (
        ROOT / "node" / "config" / "reference.yaml"
    ).read_text("utf-8")
    _run([dxnode, "policy", "new", "births", "--provider", "11441900000000019Y"], tmp_path)
    _run([dxnode, "policy", "test", "policies"], tmp_path)
    _run([dxnode, "init", "mine", "--dev-authority", "authority"], tmp_path)
    _run([dxnode, "config", "check", "mine/node.yaml"], tmp_path)
    assert _run([dxnode, "version", "--lang", "zh"], tmp_path)
    assert "用法" in _run([dxnode, "--help"], tmp_path, DXNODE_LANG="zh")


def test_wheel_and_source_archive_carry_licence_and_notice(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel, tarfile.open(built.sdist) as sdist:
        for name in ("LICENSE", "NOTICE"):
            expected = (ROOT / name).read_bytes()
            (in_wheel,) = (each for each in wheel.namelist() if each.endswith(f"dist-info/licenses/{name}"))
            assert wheel.read(in_wheel) == expected
            (in_sdist,) = (each for each in sdist.getmembers() if each.name.split("/")[1:] == [name])
            file = sdist.extractfile(in_sdist)
            assert file is not None
            assert file.read() == expected


def test_no_code_is_in_the_wheel_twice(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = wheel.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"node"}
    assert [name for name in names if "/along/" in name and name.endswith(".py")] == []


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
