"""Chinese texts use the words of the Regulation and of officials, not words that these would call wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from node.texts.wording import t

REPO: Final = Path(__file__).parents[3]
PLACES: Final = (
    "node/texts/tables/*.zh.toml",
    "*.md",
    "docs/**/*.md",
    "docs/example/*",
    "policies/*.yaml",
    "node/**/*.py",
    "node/cli/policy/example_files/*",
    "node/config/reference.yaml",
    "tests/unit/cli/transcripts/*.txt",
)
"""Where something stands in Chinese for people; the schemas of editors are made of strings in `node`."""


@dataclass(frozen=True, slots=True)
class Term:
    """A wrong word as a regular expression, looked for line by line in what is Chinese.

    `example` has it in a sentence, `right` is what to say. `but` are files where it may stand, each with why.
    """

    wrong: str
    example: str
    right: str
    but: Mapping[str, str] = field(default_factory=dict)


TERMS: Final = {
    # It reads as a fee.
    "charge": Term("计费", "先计费，后作答", "先扣减额度，后作答"),
    # Art. 20 asks for the law that gives the duty. It may be what changed a catalogue (Art. 17).
    "basis of an application": Term(
        r"^(?!.*catalogue cause).*(--basis ?|使用依据：?)[^\w《]*《?(国令|国务院令|政务数据共享条例)",
        "--basis '国令第809号 第20条'",
        "--basis '《社会保险法》第十六条'",
    ),
    "basis of a grant": Term(
        "^(国令|国务院令|政务数据共享条例|《政务数据共享条例》)$|令第809号[，, ]*第(20|二十)条",
        "政务数据共享条例",
        "《社会保险法》第十六条",
    ),
    # It is adjudication.
    "decision": Term("裁决", "写入裁决", "写入判定"),
    # The record of a use is no wish.
    "intent": Term("意图|意向", "意图写入使用日志", "使用登记写入使用日志"),
    # One role has one name, and 安全管理员 is a post of classified protection (等级保护).
    "officer": Term("安全管理员|数据管理员|安全负责人", "请安全管理员重新签署", "请数据共享管理员重新签署"),
    # It is a party to a case.
    "subject": Term("当事人", "该当事人今日次数已用完", "该被核验人今日次数已用完"),
    # Windows say it so.
    "case number": Term("办件号", "请填写办件号", "请填写办件编号"),
    # Art. 20. What is not shared has 法律依据 (Art. 15).
    "legal basis": Term("法定依据", "申请的法定依据", "申请的使用依据"),
    # Art. 15 of a catalogue entry. An application (Art. 20) and a use (Art. 25) have their 使用范围.
    "scope": Term("(?<!扩大)(?<!超出)(?<!超)使用范围", "数据集的使用范围", "数据集的共享范围"),
    "use": Term("用途说明", "用途说明：办理业务", "使用用途：办理业务"),
    # Art. 22 names the modes so. 批量交换 stands, and so does the verb in 请逐个查询.
    "mode interface": Term(
        r'^接口$|interface\W+接口|= "接口|(?<!请)逐个查询',
        'interface = "逐个查询"',
        "服务接口",
    ),
    "mode file": Term(r"^文件$|\bfile\W+文件(?!下载)\W", 'file = "文件"', 'file = "文件下载"'),
    # Art. 13.
    "frequency": Term("(?<!数据)更新频率", "更新频率为每日", "数据更新频率为每日"),
    "providing body": Term("提供部门代码", "提供部门代码", "提供单位代码"),
    # The head of a department agrees (Art. 13), the authority passes and announces (Art. 16).
    "approval": Term(
        "主管部门[^，。；：、和]{0,12}审核同意|都审核同意|(待|获得|已|缺少|未获|须重新)审核同意",
        "目录条目待审核同意",
        "目录条目待审核",
    ),
    "publication": Term("在目录中公布|目录公布", "在目录中公布", "报送审核、统一发布"),
    # Art. 17: the term begins with the receipt, and reviewing and publishing are both due in it.
    "review in time": Term(
        "更新后 ?[2两] ?个工作日|其后 ?[2两] ?个工作日|[2两] ?个工作日内审核(?!并发布)",
        "更新后 2 个工作日内审核",
        "自收到之日起 2 个工作日内审核并发布",
    ),
    # One idea has one word.
    "derived value": Term("派生|推导值|加工后的", "一个派生值", "一个加工值"),
    # The city's own word.
    "city vitals": Term("城市(数字)?体征", "城市数字体征", "城市运行数字体征"),
    # The programme of that name is about reports of towns that are filled once.
    "forms": Term("一表通", "场景：一表通", "场景：表单预填"),
    # A reader meets first what it does.
    "differential privacy": Term(
        "差分隐私",
        "受差分隐私保护的统计",
        "加扰统计（防止推断个人）",
        {"README.zh-CN.md": "says the name of the technique, once"},
    ),
    # A budget is money to officials.
    "privacy budget": Term("预算", "隐私预算已用完", "统计发布额度已用完"),
    "noise": Term("噪", "加了噪声", "加入随机误差"),
    "epsilon": Term("[εϵ]|(?<!（)\\bepsilon\\b", "消耗 epsilon {cost}", "隐私损失上限（epsilon）"),
    "suppressed": Term("(?i)suppressed", "该组 suppressed", "人数过少，不予显示"),
}


@cache
def chinese_texts() -> tuple[tuple[str, int, str], ...]:
    """File, number of the line, and each line in Chinese; of code, only what its strings say."""
    found = []
    for pattern in PLACES:
        for path in sorted(REPO.glob(pattern)):
            name = path.relative_to(REPO).as_posix()
            lines = (
                _strings(path) if path.suffix == ".py" else enumerate(path.read_text("utf-8").splitlines(), 1)
            )
            found += [(name, number, line) for number, line in lines if re.search("[\u4e00-\u9fffεϵ]", line)]
    return tuple(found)


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((node.lineno, line) for line in node.value.splitlines())


def wrong_in(line: str, term: Term) -> bool:
    """Names in backticks and placeholders are no words of a text."""
    return re.search(term.wrong, re.sub(r"`[^`]*`|\{[a-z_]+\}", "", line)) is not None


@pytest.mark.parametrize("name", TERMS)
def test_no_text_says_the_wrong_word(name: str) -> None:
    term = TERMS[name]
    found = [
        f"{file}:{line}"
        for file, line, text in chinese_texts()
        if file not in term.but and wrong_in(text, term)
    ]
    assert not found, f"say {term.right}: {', '.join(found)}"


@pytest.mark.parametrize("name", TERMS)
def test_a_wrong_word_would_be_found_and_the_right_one_is_none(name: str) -> None:
    term = TERMS[name]
    assert wrong_in(term.example, term)
    assert not wrong_in(term.right, term)
    for file in term.but:
        assert any(wrong_in(text, term) for at, _, text in chinese_texts() if at == file), file


def test_all_kinds_of_texts_are_looked_through() -> None:
    files = {file for file, _, _ in chinese_texts()}
    assert {"README.zh-CN.md", "docs/officer-guide.zh-CN.md", "policies/pension-insurance.yaml"} <= files
    assert {"node/core/reading/hover.py", "node/core/catalogue/csv.py"} <= files
    assert {
        f"node/texts/tables/{name}.zh.toml" for name in ("text", "error", "help", "problem", "demo")
    } <= files


def test_a_catalogue_names_what_article_13_asks_for_as_it_does() -> None:
    assert t("catalogue.provider", "zh") == t("catalogue.column.provider", "zh") == "提供单位"
    assert t("catalogue.update", "zh") == t("catalogue.column.update", "zh") == "数据更新频率"


def test_statistics_are_labelled_as_no_official_ones() -> None:
    assert t("ask.statistic_label", "zh") == "测算参考，非政府统计数据"
    assert "no official statistic" in t("ask.statistic_label", "en")
