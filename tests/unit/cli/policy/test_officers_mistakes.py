"""Transcripts of officers' first mistakes, in both languages: what is said of what they wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli_run import dxnode, follow
from support.policy_samples import CLEAN
from support.running import pension_town
from support.town import TAX

from node.core.catalogue.dcat import CONTEXT

DEFINITIONS = """\
purposes:
  social-insurance: {title: 社会保险, title_en: Social insurance}
  social-insurance/pension: {title: 基本养老保险, title_en: Pension insurance}
  social-insurance/pension/deferral: {title: 社保延缴, title_en: Deferred contributions}
  tax: {title: 税务, title_en: Tax}
"""
# What an officer changed in a policy that was good, by the folder in which it lies then.
CHANGED = {
    "blank": ("update: daily", "update: daily\u00a0"),
    "colon": ("{per_day: 5000, ", "{per_day：5000, "),
    "brackets": ("[is-enrolled]", "【is-enrolled】"),
    "list": ("for: [social-insurance/pension]", "for: [social-insurance/pension、tax]"),
    "number": ("{per_day: 5000, ", "{per_day: 50,000, "),
    "unit": ("{per_day: 5000, ", "{per_day: 5万, "),
    "sign": ("months_paid >= :n", "months_paid ≥ :n"),
    "and": ("months_paid >= :n", "months_paid >= :n 且 status = 'active'"),
    "title": ("months_paid >= :n", "累计缴费月数 >= :n"),
    "purpose": ("for: [social-insurance/pension]", "for: [基本养老保险]"),
    "choice": ("update: daily", "update: 每日"),
    "limits": ("    limits: {per_day: 5000, per_subject_per_day: 3}\n  - id", "  - id"),
}
PORTAL = (
    "序号,目录名称 ,目录标识,提供部门代码,共享属性,摘要\n"
    "1,示例名录,school-list,11441900000000027R,无条件共享,x\n"
)
GRAPH = {"@context": {"dcat": "http://www.w3.org/ns/dcat#"}, "@graph": [{"@type": "dcat:Catalog"}]}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A department's folder, with a folder of policies for each mistake, and what others sent."""
    place = pension_town(tmp_path_factory.mktemp("town")).offices[TAX].config.parent
    for name, (right, wrong) in CHANGED.items():
        assert right in CLEAN
        folder = place / name
        folder.mkdir()
        (folder / "definitions.yaml").write_text(DEFINITIONS, "utf-8")
        (folder / "pension.yaml").write_text(CLEAN.replace(right, wrong, 1), "utf-8")
    for name in ("unread", "encoding"):
        (place / name).mkdir()
    unread = place / "unread"
    (unread / "definitions.yaml").write_text(DEFINITIONS, "utf-8")
    (unread / "pension.yml").write_text(CLEAN, "utf-8")
    (unread / ".#pension.yaml").symlink_to("wang@desk.4242:1790000000")
    (unread / "gone.yaml").symlink_to("nowhere")
    (place / "encoding" / "pension.yaml").write_bytes(CLEAN.encode("utf-16"))
    (place / "encoding" / "tax.yaml").write_bytes(CLEAN.encode("gb18030"))
    (place / "portal.csv").write_text(PORTAL, "utf-8")
    (place / "portal.jsonld").write_text(json.dumps(GRAPH), "utf-8")
    (place / "portal.ttl").write_text("@prefix dcat: <http://www.w3.org/ns/dcat#> .\n", "utf-8")
    (place / "empty.jsonld").write_text(
        json.dumps(
            {
                "@context": CONTEXT | {"foaf": "http://xmlns.com/foaf/0.1/"},
                "@type": "Catalog",
                "foaf:page": "https://example.org",
                "publisher": {
                    "@id": "urn:dxnode:department:11441900000000027R",
                    "@type": "Agent",
                    "identifier": "11441900000000027R",
                },
                "dataset": [],
            }
        ),
        "utf-8",
    )
    return place


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_officers_mistakes_are_told_so(desk: Path, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    spoken = {"DXNODE_LANG": lang}
    transcript = Path(__file__).parent / "mistakes" / f"{lang}.txt"
    follow(transcript, lambda step: dxnode(*step.arguments(), stdin=step.stdin, env=spoken))
