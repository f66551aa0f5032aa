"""Claims about the hook for pre-commit: it runs a command that is there, and stops a bad policy."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import yaml
from support.cli_run import dxnode
from support.places import POLICIES, ROOT


def test_hook_stops_a_bad_policy_and_lets_the_examples_pass(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, *words = hook["entry"].split()
    assert program == "dxnode"
    folder = tmp_path / hook["args"][0]
    shutil.copytree(POLICIES, folder)
    assert hook["pass_filenames"] is False
    assert dxnode(*words, str(folder), "--allow-warnings").code == 0
    bad = folder / "diploma.yaml"
    assert re.search(hook["files"], str(bad))
    bad.write_text(bad.read_text("utf-8").replace("update:", "updated:"), "utf-8")
    assert dxnode(*words, str(folder)).code == 2
