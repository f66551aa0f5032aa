"""A verification's "no" reads "not verified" to people: perhaps nobody of that number is on record."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from support.cli_run import Ran, dxnode
from support.fake_catalogue import PURPOSE
from support.fake_desk import VERIFY, FakeDesk, enrolled, resident, serving

from node.demo import scenes
from node.texts.wording import LANGUAGES, say, t

REPO: Final = Path(__file__).parents[3]
NOT_ENROLLED: Final = next(subject for subject in map(resident, range(100)) if not enrolled(subject))
SAID: Final = {"en": "not verified", "zh": "未核实到"}
NO_GROUND: Final = {"en": "no ground to refuse", "zh": "不能仅凭此拒绝办理"}
WHAT_TO_DO: Final = {"en": ("number", "papers"), "zh": ("核对号码", "提供材料")}
# A plain no where an answer is meant. THREAT_MODEL and the pages for programmers are about the bit itself.
PLAIN_NO: Final = {
    "en": re.compile(r"\byes or no\b|answer is (always )?no\b(?! longer)|“no”|otherwise no\."),
    "zh": re.compile("“否”|[是“]或“?否|是 / 否|[答为]“?否”?(?![则定])|只答是否"),
}
FOR_PEOPLE: Final = {
    "en": (
        "node/texts/tables/*.en.toml",
        "README.md",
        "docs/officer-guide.md",
        "docs/policy*.md",
        "docs/exchange.txt",
    ),
    "zh": (
        "node/texts/tables/*.zh.toml",
        "*.zh-CN.md",
        "docs/*.zh-CN.md",
        "policies/*.yaml",
        "node/demo/*.py",
    ),
}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with serving(FakeDesk(), tmp_path) as address:
        yield address


def verify(address: str, *options: str) -> Ran:
    asked = ["verify", VERIFY, "--purpose", PURPOSE, "--case", "DG-1", "--desk", address]
    return dxnode(*asked, *options, stdin=f"{NOT_ENROLLED}\n")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_verify_says_not_verified_and_what_to_do(lang: str, address: str) -> None:
    ran = verify(address, "--lang", lang)
    assert (ran.code, ran.out) == (0, f"{SAID[lang]}\n")
    assert NO_GROUND[lang] in ran.err
    assert all(each in ran.err for each in WHAT_TO_DO[lang])


def test_programs_are_told_as_before(address: str) -> None:
    ran = verify(address, "--exit-code", "--json")
    assert (ran.code, json.loads(ran.out)["answer"], ran.err) == (10, False, "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_batch_says_how_many_are_not_verified_and_writes_what_programs_read(
    lang: str, address: str, tmp_path: Path
) -> None:
    subjects = [resident(number) for number in range(10)]
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id\n" + "".join(f"{each}\n" for each in subjects))
    asked = ["batch", VERIFY, str(source), str(target), "--subject-column", "id", "--purpose", PURPOSE]
    ran = dxnode(*asked, "--case", "DG-1", "--desk", address, "--lang", lang)
    assert ran.code == 0
    count = sum(not enrolled(each) for each in subjects)
    assert t("batch.not_verified", lang, count=count) in ran.err
    assert SAID[lang] in ran.err
    assert NO_GROUND[lang] in ran.err
    assert all(each in ran.err for each in WHAT_TO_DO[lang])
    with target.open(newline="") as file:
        assert [row["answer"] for row in csv.DictReader(file)] == [
            "yes" if enrolled(each) else "no" for each in subjects
        ]


def test_the_demo_says_so_too() -> None:
    assert {lang: say(scenes._verdict(answer=False), lang) for lang in LANGUAGES} == SAID


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_head_of_a_department_signs_says_so_too(lang: str) -> None:
    said = t("statement.always.absent", lang, unit="")
    assert SAID[lang] in said
    assert all(each in said for each in WHAT_TO_DO[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_for_people_calls_an_answer_no(lang: str) -> None:
    files = [path for pattern in FOR_PEOPLE[lang] for path in sorted(REPO.glob(pattern))]
    assert files
    found = [
        f"{path.relative_to(REPO)}:{number}"
        for path in files
        if lang == "zh" or not path.name.endswith(".zh-CN.md")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if PLAIN_NO[lang].search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "they answer yes or no"),
        ("en", "the answer is no (verify)"),
        ("zh", "打印“是”或“否”"),
        ("zh", "查无此人，答否"),
        ("zh", "只答是否"),
        ("zh", "答案为否"),
    ],
)
def test_a_plain_no_would_be_found(lang: str, said: str) -> None:
    assert PLAIN_NO[lang].search(said)
