"""Claims about the words of Chinese texts: one for each idea."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OTHER_WORDS = {
    "dataset": ["数据目录"],
    "question": ["查询项"],
    "field": ["字段"],
    "subject": ["主体", "查询对象"],
    "claim": ["声明"],
    "authority": ["主管机构"],
    "provider": ["提供方"],
    "requester": ["需求方", "使用部门", "查询部门", "申请部门"],
    "sealing key": ["加密密钥"],
    "officer": ["安全员"],
    "verifier key": ["校验密钥"],
    "a question is 问题, what is wrong is not": ["没有问题", "有问题", "处问题"],
}
CHINESE = [
    *ROOT.glob("*.zh-CN.md"),
    *ROOT.glob("docs/*.zh-CN.md"),
    *ROOT.glob("node/texts/tables/*.zh.toml"),
]


@pytest.mark.parametrize("path", CHINESE, ids=lambda path: path.name)
@pytest.mark.parametrize("idea", OTHER_WORDS)
def test_chinese_has_one_word_for_an_idea(idea: str, path: Path) -> None:
    text = path.read_text("utf-8")
    assert [word for word in OTHER_WORDS[idea] if word in text] == []
