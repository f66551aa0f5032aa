"""How long it takes to tell what an edit of many rules means, reading them not counted."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import date
from time import perf_counter
from zoneinfo import ZoneInfo

from stdnum.cn import uscc

from node.analysis.diff.diff import Difference, difference
from node.core.policy.policy import Policies, PolicyFile
from node.core.reading.build import build_policies
from node.core.workdays import Calendar
from scripts.benchmarks.figures import BenchError, Figure, Setting, at_most
from scripts.benchmarks.load import no_collection

RULES = 10_000
_FEW_RULES = 500
_ONE, _EVERY = at_most(3), at_most(10)
_CALENDAR = Calendar(ZoneInfo("Asia/Shanghai"))
_TODAY = date(2026, 11, 20)
_QUESTIONS = tuple(f"q{number}" for number in range(8))
_DEPARTMENTS = 600
_PURPOSES = tuple(
    code for area in range(20) for code in (f"area{area}", *(f"area{area}/p{part}" for part in range(10)))
)
_REGIONS = tuple(f"44{city:02}{county:02}" for city in range(1, 21) for county in range(12))
_HEAD = """\
dataset: d{number}
title: 基准数据集
title_en: Dataset of a benchmark
provider: 11441900000000019Y
sharing: {{attribute: conditional, modes: [interface], scope: 各部门, use: 基准测试}}
format: database
classification: {{level: 2, personal: true}}
update: daily
subject: {{field: resident_id, type: resident_id, region: region}}
fields:
  status: {{title: 状态, title_en: Status, type: enum, values: ["on", "off"]}}
  region: {{title: 区划, title_en: Region, type: region}}
questions:
"""

Edit = Callable[[list[str]], list[str]]
"""Makes the files after an edit out of those before it."""


def differing(setting: Setting) -> list[Figure]:
    """The time of a comparison where one rule differs, where the order does, and where every rule does."""
    rules = _FEW_RULES if setting.quick else RULES
    found = []
    for files in (10, 100):
        before = _texts(rules, files)
        for name, edit, target in (
            ("one rule", _one_widened, _ONE),
            ("the hours of every rule", _every_hour, _EVERY),
            ("the limits of every rule", _every_limit, _EVERY),
            ("the order of all rules", _turned, _EVERY),
        ):
            setting.tell(f"diff: {rules:,} rules in {files} files, {name} changed")
            seconds, told = _timed(_policies(before), _policies(edit(before)))
            if told.equal:
                raise BenchError(f"nothing was found: {name} of {rules} rules")
            label = f"diff of {rules:,} rules in {files} files, {name} changed"
            found.append(Figure(label, seconds, "s", target))
    return found


def _timed(before: Policies, after: Policies) -> tuple[float, Difference]:
    # As the command itself does.
    with no_collection():
        began = perf_counter()
        found = difference(before, after, _CALENDAR, _TODAY)
        return perf_counter() - began, found


def _policies(texts: list[str]) -> Policies:
    return build_policies(PolicyFile(f"d{number}.yaml", text.encode()) for number, text in enumerate(texts))


def _texts(rules: int, files: int) -> list[str]:
    """Policies for departments, regions and levels, with every condition now and then."""
    chance = random.Random(11)  # noqa: S311 - the same rules each time
    departments = [_department(number) for number in range(_DEPARTMENTS)]
    texts = []
    for number in range(files):
        questions = "".join(
            f"  {name}: {{title: 问题, title_en: Question, verify: \"status = 'on'\"}}\n"
            for name in _QUESTIONS
        )
        lines = [_rule(chance, f"r{place}", departments) for place in range(rules // files)]
        texts.append(_HEAD.format(number=number) + questions + "rules:\n" + "".join(lines))
    return texts


def _rule(chance: random.Random, name: str, departments: list[str]) -> str:
    region = f"regions: [{chance.choice(_REGIONS)}]"
    to = chance.choice(
        (
            f"departments: [{', '.join(chance.sample(departments, chance.choice((1, 1, 2, 3))))}]",
            region,
            f"levels: [{chance.choice(('city', 'county', 'province'))}]",
            f"levels: [{chance.choice(('city', 'county'))}], {region}",
        )
    )
    when = chance.choice(
        (
            "",
            "when: {workdays: true, hours: '08:30-17:30'}, ",
            "when: {hours: '08:30-17:30'}, ",
            "when: {case_number: 'DG-########-####'}, ",
        )
    )
    limits = chance.choice(("", f"limits: {{per_day: {chance.choice((100, 1000, 5000))}}}, "))
    allow = ", ".join(chance.sample(_QUESTIONS, chance.choice((1, 2, 3))))
    purposes = ", ".join(chance.sample(_PURPOSES, chance.choice((1, 1, 2))))
    return f"  - {{id: {name}, allow: [{allow}], to: {{{to}}}, {when}{limits}for: [{purposes}]}}\n"


def _department(number: int) -> str:
    body = f"11440000000{number:06}"
    return body + str(uscc.calc_check_digit(body))


def _one_widened(texts: list[str]) -> list[str]:
    first = next(number for number, text in enumerate(texts) if "08:30-17:30" in text)
    return [*texts[:first], texts[first].replace("08:30-17:30", "08:30-18:30", 1), *texts[first + 1 :]]


def _every_hour(texts: list[str]) -> list[str]:
    return [text.replace("08:30-17:30", "08:30-18:30") for text in texts]


def _every_limit(texts: list[str]) -> list[str]:
    """One more a day, and a limit where there was none."""

    def more(found: re.Match[str]) -> str:
        return f"limits: {{per_day: {int(found[2] or 76) + 1}}}, for:"

    return [re.sub(r"(limits: \{per_day: (\d+)\}, )?for:", more, text) for text in texts]


def _turned(texts: list[str]) -> list[str]:
    turned = []
    for text in texts:
        head, rules = text.split("rules:\n")
        turned.append(head + "rules:\n" + "".join(reversed(rules.splitlines(keepends=True))))
    return turned
