"""Claims about hints: the check of the settings is named where they are at fault, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli_run import dxnode

from node.cli.terminal.exits import Exit

CHECK = "`dxnode config check`"


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("text", ["departmnt: 7\n", "department: [\n"])
def test_wrong_settings_are_hinted_to_be_checked(tmp_path: Path, text: str, lang: str) -> None:
    config = tmp_path / "node.yaml"
    config.write_text(text)
    ran = dxnode("serve", "--config", config, "--lang", lang)
    assert ran.code == Exit.USAGE
    assert {"en": "a setting is missing or wrong", "zh": "配置缺失或有误"}[lang] in ran.err
    assert CHECK in ran.err


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "command",
    [
        ("policy", "sign", "{folder}", "--key", "nobody.key"),
        ("policy", "test", "nowhere"),
        ("policy", "explain", "pension", "--policies", "nowhere"),
        ("policy", "diff", "nowhere", "elsewhere"),
        ("catalogue", "cause", "pension", "--on", "2026-01-05", "--basis", "b", "--policies", "{folder}"),
        ("workdays", "2026-11-22", "--holidays", "nowhere.yaml"),
        ("status", "--config", "nowhere.yaml"),
        ("status", "--desk", "nonsense"),
        ("pki", "directory", "publish", "--authority", "nowhere", "--member", "nobody.json"),
    ],
    ids=" ".join,
)
def test_what_is_wrong_elsewhere_is_no_matter_of_settings(
    command: tuple[str, ...], lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    assert (
        dxnode("policy", "new", "pension", "--provider", "11441900000000019Y", "--folder", folder).code
        == Exit.OK
    )
    (folder / "approvals").mkdir()
    (folder / "approvals" / "causes.json").write_text("[")
    ran = dxnode(*(word.format(folder=folder) for word in command), "--lang", lang, stdin="words of hers\n")
    assert "CONFIG_INVALID" in ran.err
    assert CHECK not in ran.err
    assert {"en": "a setting is", "zh": "配置缺失"}[lang] not in ran.err


@pytest.mark.parametrize(
    "command",
    [
        ("policy", "check", "policies", "--format", "sarf"),
        ("policy", "explain", "d", "q", "--requester", "r", "--purpose", "p", "--level", "市"),
    ],
    ids=" ".join,
)
def test_choice_that_there_is_not_is_told_in_the_language_spoken(command: tuple[str, ...]) -> None:
    english, chinese = (dxnode(*command, "--lang", lang).err for lang in ("en", "zh"))
    assert " is not one of " in english
    assert "Value error" not in english
    assert "不在可选值之中" in chinese
    assert " is not " not in chinese
