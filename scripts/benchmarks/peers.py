"""Answers the requests of the policy benchmark with Cedar and Rego; runs in an environment of its own.

Reads `Asked` as JSON from standard input and writes one JSON object, engine to `Answered`. Each engine gets
its policy in the form that it reads once and keeps, and the working day and minute already told.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from time import perf_counter
from typing import TypedDict


class Rule(TypedDict):
    """Who may ask the question for what; an empty `department` or `level` stands for any."""

    id: str
    question: str
    department: str
    level: str
    purpose: str
    workdays: bool
    start: int
    end: int


class Input(TypedDict):
    """One request; `minute` counts from midnight."""

    department: str
    level: str
    question: str
    purpose: str
    workday: bool
    minute: int


class Asked(TypedDict):
    """The policy, the requests, and for how long they are asked again and again."""

    rules: list[Rule]
    requests: list[Input]
    most_seconds: float


class Answered(TypedDict):
    """The decision on each request, the time of each decision and that of reading the policy, in seconds."""

    permits: list[bool]
    seconds: list[float]
    load_seconds: float


Ask = Callable[[Input], bool]

_REGO = """\
package exchange

default allow := false

allow if {
    some rule in data.rules[input.question]
    rule.department in {"", input.department}
    rule.level in {"", input.level}
    purpose_fits(rule.purpose)
    workday_fits(rule.workdays)
    input.minute >= rule.start
    input.minute < rule.end
}

purpose_fits(purpose) if input.purpose == purpose
purpose_fits(purpose) if startswith(input.purpose, concat("", [purpose, "/"]))
workday_fits(workdays) if not workdays
workday_fits(workdays) if input.workday
"""


def cedar(rules: Sequence[Rule], requests: Sequence[Input]) -> Ask:
    """By Cedar: one `permit` for each rule, departments below their levels."""
    module = import_module("cedarpy")
    policies = module.PolicySet.from_str("".join(map(_permit, rules)))
    entities = module.Entities.from_json_str(
        json.dumps(
            [
                {
                    "uid": {"type": "Department", "id": department},
                    "attrs": {},
                    "parents": [{"type": "Level", "id": level}],
                }
                for department, level in {each["department"]: each["level"] for each in requests}.items()
            ]
        )
    )

    def ask(given: Input) -> bool:
        request = {
            "principal": f'Department::"{given["department"]}"',
            "action": f'Action::"{given["question"]}"',
            "resource": 'Dataset::"dataset"',
            "context": {
                "purpose": given["purpose"],
                "workday": given["workday"],
                "minute": given["minute"],
            },
        }
        return bool(module.is_authorized(request, policies, entities).allowed)

    return ask


def _permit(rule: Rule) -> str:
    principal = "principal"
    if rule["department"]:
        principal += f' == Department::"{rule["department"]}"'
    elif rule["level"]:
        principal += f' in Level::"{rule["level"]}"'
    purpose = rule["purpose"]
    conditions = [f'(context.purpose == "{purpose}" || context.purpose like "{purpose}/*")']
    if rule["workdays"]:
        conditions.append("context.workday")
    if (rule["start"], rule["end"]) != (0, 24 * 60):
        conditions.append(f"context.minute >= {rule['start']} && context.minute < {rule['end']}")
    return (
        f'@id("{rule["id"]}") permit({principal}, action == Action::"{rule["question"]}", resource) '
        f"when {{ {' && '.join(conditions)} }};\n"
    )


def rego(rules: Sequence[Rule], _: Sequence[Input]) -> Ask:
    """By Rego: the rules as data by question, compiled once into a bundle."""
    module = import_module("regopy")
    by_question: dict[str, list[Rule]] = {}
    for rule in rules:
        by_question.setdefault(rule["question"], []).append(rule)
    builder = module.Interpreter()
    builder.add_data({"rules": by_question})
    builder.add_module("exchange.rego", _REGO)
    bundle = builder.build("x = data.exchange.allow")
    interpreter = module.Interpreter()

    def ask(given: Input) -> bool:
        interpreter.set_input(given)
        output = interpreter.query_bundle(bundle)  # its parts live as long as it does
        return bool(output.binding("x").value)

    return ask


def main() -> None:
    """Ask both, one after the other."""
    asked: Asked = json.load(sys.stdin)
    engines = {"cedarpy": cedar, "regopy": rego}
    json.dump({name: _measure(engine, asked) for name, engine in engines.items()}, sys.stdout)


def _measure(engine: Callable[[Sequence[Rule], Sequence[Input]], Ask], asked: Asked) -> Answered:
    began = perf_counter()
    ask = engine(asked["rules"], asked["requests"])
    load_seconds = perf_counter() - began
    permits = [ask(request) for request in asked["requests"]]
    seconds: list[float] = []
    ends = perf_counter() + asked["most_seconds"]
    while not seconds or perf_counter() < ends:
        for request in asked["requests"]:
            began = perf_counter()
            ask(request)
            seconds.append(perf_counter() - began)
    return Answered(permits=permits, seconds=seconds, load_seconds=load_seconds)


if __name__ == "__main__":
    main()
