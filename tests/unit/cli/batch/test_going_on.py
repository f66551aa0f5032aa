"""The command that goes on with a batch is whole: it speaks the language of the one before."""

from __future__ import annotations

import shlex

import pytest

from node.cli.batch.stopping import command_to_go_on
from node.texts.wording import use_language


@pytest.mark.parametrize(
    ("environment", "spoken", "given_again"),
    [("en", "zh", ["--lang", "zh"]), ("zh", "en", ["--lang", "en"]), ("zh", "zh", []), ("en", "en", [])],
)
def test_language_is_given_again_where_the_environment_asks_for_another(
    environment: str, spoken: str, given_again: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DXNODE_LANG", environment)
    use_language(spoken)
    try:
        command = command_to_go_on(["batch", "d/q", "in 1.csv", "out.csv", "--restart", "--case", "DG 1"])
    finally:
        use_language("en")
    rest = ["batch", "d/q", "in 1.csv", "out.csv", "--case", "DG 1"]
    assert shlex.split(command) == ["dxnode", *given_again, *rest]
