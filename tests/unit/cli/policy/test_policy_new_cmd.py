"""Claims about `dxnode policy new`: an officer begins in an empty folder, and everything fits at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli_run import dxnode

CODE = "11441900000000027R"


def _new(folder: Path, dataset: str = "housing-fund", *more: str) -> tuple[int, str, str]:
    ran = dxnode("policy", "new", dataset, "--provider", CODE, "--folder", str(folder), *more)
    return ran.code, ran.out, ran.err


def test_new_policy_passes_its_check_and_its_tests_with_no_change_unnoticed(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    code, out, err = _new(folder, "housing-fund", "--lang", "en")
    assert code == 0, err
    assert f"made {folder}/housing-fund.yaml" in out
    assert f"dxnode policy check {folder}" in err
    assert (folder / "housing-fund.yaml").read_text("utf-8").count(CODE) == 1
    assert dxnode("policy", "check", str(folder)).code == 0
    assert dxnode("policy", "test", str(folder), "--mutate").code == 0
    said = dxnode("policy", "explain", "housing-fund", "--policies", str(folder), "--lang", "zh")
    assert said.code == 0
    assert CODE in said.out


def test_schemas_are_those_that_the_command_prints(tmp_path: Path) -> None:
    _new(tmp_path)
    for name, option in (("policy", []), ("definitions", ["--definitions"]), ("policy-test", ["--tables"])):
        assert (tmp_path / f"{name}.schema.json").read_text("utf-8") == dxnode(
            "policy", "schema", *option
        ).out


def test_second_dataset_leaves_the_first_and_the_definitions_alone(tmp_path: Path) -> None:
    _new(tmp_path)
    definitions = tmp_path / "definitions.yaml"
    definitions.write_text(definitions.read_text("utf-8") + "# ours\n", "utf-8")
    first = (tmp_path / "housing-fund.yaml").read_bytes()
    code, out, _ = _new(tmp_path, "housing-loan", "--json")
    assert code == 0
    assert str(definitions) not in json.loads(out)["made"]
    assert definitions.read_text("utf-8").endswith("# ours\n")
    assert (tmp_path / "housing-fund.yaml").read_bytes() == first
    assert dxnode("policy", "check", str(tmp_path)).code == 0


def test_policy_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "housing-fund.yaml").write_text("ours\n", "utf-8")
    code, _, err = _new(tmp_path)
    assert code == 2
    assert "housing-fund.yaml" in err
    assert [path.name for path in tmp_path.iterdir()] == ["housing-fund.yaml"]
    assert (tmp_path / "housing-fund.yaml").read_text("utf-8") == "ours\n"


@pytest.mark.parametrize("name", ["../outside", "Housing", "a--b", "x" * 65, "房"])
def test_name_that_no_dataset_has_is_refused(tmp_path: Path, name: str) -> None:
    assert _new(tmp_path / "policies", name)[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_code_of_no_department_is_refused(tmp_path: Path) -> None:
    ran = dxnode("policy", "new", "x", "--provider", "123", "--folder", str(tmp_path / "p"))
    assert ran.code == 2
    assert list(tmp_path.iterdir()) == []
