"""Claims about the parts of a node: each has a name in both languages, and a problem is one line."""

from __future__ import annotations

import pytest

from node.core.state.part import Part, PartKind, PartProblem
from node.texts.message import Message
from node.texts.wording import LANGUAGES, say

NAMED = (PartKind.SOURCE, PartKind.ACCOUNT, PartKind.PEER)


@pytest.mark.parametrize("kind", PartKind)
def test_every_part_has_a_name_in_both_languages(kind: PartKind) -> None:
    part = Part(kind, "x-1" if kind in NAMED else "")
    titles = {say(part.title, lang) for lang in LANGUAGES}
    assert len(titles) == len(LANGUAGES)
    assert all("x-1" in title for title in titles) is (kind in NAMED)


def test_a_problem_names_its_part_and_is_one_line_in_either_language() -> None:
    several = tuple(Message("state.source.surplus", {"count": count}) for count in (1, 2))
    problem = PartProblem(Part(PartKind.SETTINGS), Message("setting.mistakes", {"problems": several}))
    assert problem.message == (
        "settings: 1 row is about a subject that has one already: give a view with one for each; "
        "2 rows are about a subject that has one already: give a view with one for each"
    )
    assert problem.text("zh").startswith("配置：1 行的被核验人已有记录")
    assert "\n" not in problem.text("zh")
