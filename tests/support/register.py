"""A register of a few people for tests of data sources: its policy, its rows, and all that one can ask."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from node.core.identity import check_character
from node.core.policy.dataset import Dataset
from node.core.policy.policy import Policy, PolicyFile
from node.core.policy.question import Question
from node.core.reading.build import build_policies
from node.core.subject import SubjectKey
from node.statistics.pool import Pool

COUNTER = Pool(30.0)
"""Where counts over built files are made; its processes end with the tests."""

KEY = bytes(range(32))
"""The node's key for names of contents."""

POLICY = """
dataset: register
title: 登记信息
title_en: Register
provider: 11441900000000019Y
sharing: {attribute: conditional, modes: [interface, batch], scope: 全市, use: 办理业务}
classification: {level: 2, personal: true}
update: daily
format: database
subject: {field: resident_id, type: resident_id, region: region}
fields:
  name: {title: 姓名, title_en: x, type: text, sensitivity: identifier}
  status: {title: 状态, title_en: x, type: enum, values: [active, paused, "o'clock: x"]}
  months: {title: 月数, title_en: x, type: integer, range: [0, 720]}
  since: {title: 日期, title_en: x, type: date}
  note: {title: 备注, title_en: x, type: text}
  partner: {title: 配偶, title_en: x, type: resident_id, sensitivity: identifier}
  region: {title: 地区, title_en: x, type: region, values: [441900003, 441900004]}
questions:
  is-active: {title: q, title_en: q, verify: status = 'active'}
  is-odd: {title: q, title_en: q, verify: "status = 'o''clock: x'"}
  not-active: {title: q, title_en: q, verify: NOT (status = 'active')}
  months-at-least: {title: q, title_en: q, verify: "months >= :n", parameters: {n: {choices: [60, 120]}}}
  since-before:
    title: q
    title_en: q
    verify: since < :day
    parameters: {day: {choices: ["2020-01-01", "2021-01-01"]}}
  note-empty: {title: q, title_en: q, verify: note IS NULL}
  name-matches: {title: q, title_en: q, verify: "name = :name", claims: {name: {wrong_tries_per_subject: 3}}}
  partner-matches:
    title: q
    title_en: q
    verify: partner = :partner AND status = 'active'
    claims: {partner: {wrong_tries_per_subject: 3}}
  band: {title: q, title_en: q, field: months, as: {band: [0, 60, 120]}}
  year: {title: q, title_en: q, field: since, as: {year_of: true}}
  name-masked: {title: q, title_en: q, field: name, as: {mask: {first: 1}}}
  county: {title: q, title_en: q, field: region, as: {generalise: {level: county}}}
  tens: {title: q, title_en: q, field: months, as: {generalise: {step: 10}}}
  has-note: {title: q, title_en: q, field: note, as: {exists: true}}
  note-plain: {title: q, title_en: q, field: note, as: {plain: true}}
  name-equals:
    {title: q, title_en: q, field: name, as: {equals: name}, claims: {name: {wrong_tries_per_subject: 3}}}
  people: {title: q, title_en: q, statistic: count, unit_contributes: 1, epsilon: 1}
  named: {title: q, title_en: q, statistic: count, where: name IS NOT NULL, unit_contributes: 1, epsilon: 1}
  by-region: {title: q, title_en: q, statistic: count, group_by: [region], unit_contributes: 1, epsilon: 1}
  by-region-and-status:
    title: q
    title_en: q
    statistic: count
    group_by: [region, status]
    where: months < 120
    unit_contributes: 1
    epsilon: 1
rules:
  - {id: all, allow: [is-active], to: {any: true}, for: [work]}
privacy: {budget: {dataset: 100, organisation: 50, requester: 20}, period: year}
"""
PURPOSES = "purposes: {work: {title: 工作, title_en: Work}}\n"
COLUMNS = ("resident_id", "name", "status", "months", "since", "note", "partner", "region")

Row = Sequence[str | None]


def resident(number: int) -> str:
    """A valid resident identity number; another for each number under 10 million."""
    body = (
        f"441900{1950 + number % 50}{1 + number // 50 % 12:02}{1 + number // 600 % 28:02}{number // 16800:03}"
    )
    return body + check_character(body)


ANN, BEN, EVE, DAN, NOBODY = (resident(number) for number in range(5))
ROWS: tuple[Row, ...] = (
    (ANN, "王小芳", "active", "150", "2019-05-01", '甲, "乙"', BEN, "441900003"),
    (BEN, "李伟", "paused", "60", "2020-12-31", None, ANN, "441900004"),
    (EVE, "欧阳娜", "active", "0", "2021-01-01", "a: b :n", None, "441900003001"),
    (DAN, None, "o'clock: x", None, None, "x", None, None),
)


@cache
def policy() -> Policy:
    """The register's policy, built."""
    built = build_policies(
        [PolicyFile("register.yaml", POLICY.encode()), PolicyFile("p.yaml", PURPOSES.encode())]
    )
    return built.datasets["register"]


def dataset() -> Dataset:
    """The register's catalogue entry."""
    return policy().dataset


def question(name: str) -> Question:
    """One of its questions."""
    return policy().questions[name]


def key(subject: str, **claims: str) -> SubjectKey:
    """A subject with claims."""
    return SubjectKey(subject, claims)


def write_csv(path: Path, rows: Iterable[Row] = ROWS, columns: Sequence[str] = COLUMNS) -> Path:
    """Write rows as a department would export them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path
