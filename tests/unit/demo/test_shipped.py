"""What comes along with the program leads nowhere but to what came along."""

from __future__ import annotations

import re
from pathlib import Path

from node.demo.shipped import unpack, without_lost_links

LINK = re.compile(r"\]\(([^()\s#:]+)(?:#[^()\s]*)?\)")


def test_every_link_of_the_examples_leads_to_a_file_of_the_examples(tmp_path: Path) -> None:
    unpack(tmp_path)
    links = [
        (page, link) for page in tmp_path.rglob("*.md") for link in LINK.findall(page.read_text("utf-8"))
    ]
    assert len(links) > 50
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def test_a_link_that_leads_out_leaves_its_words(tmp_path: Path) -> None:
    (tmp_path / "log.md").touch()
    text = "[the log](log.md#refusals), [top](../README.md), [site](https://example.org), [here](#a)"
    kept = "[the log](log.md#refusals), top, [site](https://example.org), [here](#a)"
    assert without_lost_links(text, tmp_path) == kept
