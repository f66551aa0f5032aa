"""Holds the locked packages to `packages.toml`: which licence each has, and which weaknesses are known.

`python -m scripts.packages check` fails when a lock file and the table differ, when a licence is not allowed,
or when a weakness is known; it needs no network. `update` brings the table to the lock files: it takes
licences from what is installed, and weaknesses from a copy of an advisory database in the OSV format, such as
a clone of PyPA's.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import yaml
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "scripts" / "packages.toml"
NOTICE = ROOT / "NOTICE"
RUN, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"
EXTRAS = ("psycopg", "psycopg-binary", "pymysql")
"""What users may install besides, for databases of their own."""
_PIN = re.compile(r"(?m)^([A-Za-z0-9._-]+)==([^ \\;]+)")


@dataclass(frozen=True, slots=True)
class Package:
    """A row of the table; `licence` is an SPDX expression, `weak` are ids of advisories that concern it.

    `why` says why a licence that is weak copyleft is allowed here, `accepted` why a weakness does not matter.
    """

    name: str
    version: str
    licence: str
    checked: date
    weak: tuple[str, ...] = ()
    why: str = ""
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The table: what is allowed, what weaknesses were looked for in, and the packages by name."""

    allowed: frozenset[str]
    weak_copyleft: frozenset[str]
    source: str
    as_of: date
    packages: Mapping[str, Package]


def read_table(text: str) -> Table:
    """The table in the text of `packages.toml`."""
    parsed = tomllib.loads(text)
    packages = {
        name: Package(name, **{**row, "weak": tuple(row.get("weak", ()))})
        for name, row in parsed["packages"].items()
    }
    rules, advisories = parsed["licences"], parsed["advisories"]
    return Table(
        frozenset(rules["allowed"]),
        frozenset(rules["weak_copyleft"]),
        advisories["source"],
        advisories["as_of"],
        packages,
    )


def pins(*locks: str) -> dict[str, str]:
    """Name to version of everything that lock files pin."""
    return {canonicalize_name(name): version for lock in locks for name, version in _PIN.findall(lock)}


def problems(table: Table, locked: Mapping[str, str]) -> list[str]:
    """What keeps the locked packages from being used, one line each."""
    found = [
        f"{name}: is in the table and not locked: take it out"
        for name in table.packages
        if name not in locked
    ]
    for name, version in locked.items():
        package = table.packages.get(name)
        if package is None or package.version != version:
            found.append(
                f"{name} {version}: is not the version that was checked: run `scripts.packages update`"
            )
            continue
        if not _is_allowed(package.licence, table.allowed):
            if not _is_allowed(package.licence, table.allowed | table.weak_copyleft):
                found.append(f"{name} {version}: its licence {package.licence} is not allowed")
            elif not package.why:
                found.append(f"{name} {version}: say why its licence {package.licence} is allowed here")
        if package.weak and not package.accepted:
            found.append(
                f"{name} {version}: has known weaknesses, {', '.join(package.weak)}: lock another version"
            )
    return found


def _is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Of alternatives one has to be allowed, of what counts together all; no nested expression is used."""
    return any(
        all(part.strip("() ") in allowed for part in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def notice(table: Table, running: Iterable[str]) -> str:
    """The text of NOTICE: what is installed beside the project to run it, and under which licence."""
    names = sorted({*running, *EXTRAS} & table.packages.keys())
    width = max(map(len, names), default=0)
    lines = "\n".join(f"  {name:{width}}  {table.packages[name].licence}" for name in names)
    return f"""dxnode

This product is under the Apache License, Version 2.0; see LICENSE.

It holds no code of others. To run, it needs the packages below, which are installed beside it, unmodified and
each under its own licence, and can be replaced by whoever runs it; {", ".join(EXTRAS)}
only for databases of their kind. Versions, and why each licence is allowed, stand in scripts/packages.toml.

{lines}
"""


# --- advisories ---


def weaknesses(advisories: Iterable[Mapping[str, object]], name: str, version: str) -> tuple[str, ...]:
    """The ids of the advisories (OSV 1.x) that concern this version of a package, sorted."""
    return tuple(sorted({str(each["id"]) for each in advisories if _concerns(each, name, version)}))


def _concerns(advisory: Mapping[str, object], name: str, version: str) -> bool:
    if advisory.get("withdrawn"):
        return False
    for affected in _maps(advisory.get("affected")):
        package = affected.get("package")
        if not isinstance(package, Mapping) or package.get("ecosystem") != "PyPI":
            continue
        if canonicalize_name(str(package.get("name"))) != name:
            continue
        listed = affected.get("versions")
        if isinstance(listed, list) and version in listed:
            return True
        ranges = (each for each in _maps(affected.get("ranges")) if each.get("type") == "ECOSYSTEM")
        if any(_within(_maps(each.get("events")), Version(version)) for each in ranges):
            return True
    return False


def _within(events: Iterable[Mapping[str, object]], version: Version) -> bool:
    """Whether a version lies in a range: the newest event at or before it decides."""
    inside = False
    for kind, at in sorted(_moments(events), key=lambda each: each[1]):
        if kind == "introduced" and at <= version:
            inside = True
        elif (kind == "fixed" and at <= version) or (kind == "last_affected" and at < version):
            inside = False
    return inside


def _moments(events: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, Version]]:
    for event in events:
        for kind, text in event.items():
            try:
                yield kind, Version(str(text))
            except InvalidVersion:  # such as a commit
                continue


def _maps(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def read_advisories(folder: Path, names: Iterable[str]) -> dict[str, list[Mapping[str, object]]]:
    """The advisories of these packages, in a folder of OSV files that has one folder for each package."""
    found: dict[str, list[Mapping[str, object]]] = {name: [] for name in names}
    for place in sorted(path for path in folder.rglob("*") if path.is_dir()):
        name = canonicalize_name(place.name)
        if name in found:
            found[name] += [each for each in map(_read_advisory, sorted(place.iterdir())) if each is not None]
    return found


def _read_advisory(path: Path) -> Mapping[str, object] | None:
    if path.suffix not in (".yaml", ".json"):
        return None
    text = path.read_text("utf-8")
    parsed: object = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    return parsed if isinstance(parsed, Mapping) else None


# --- bringing the table to the lock files ---


def updated(
    table: Table, locked: Mapping[str, str], found: Mapping[str, Sequence[Mapping[str, object]]], today: date
) -> Table:
    """The table with every locked package as it was checked today."""
    packages = {}
    for name, version in sorted(locked.items()):
        before = table.packages.get(name) or Package(name, version, "", today)
        licence = (
            before.licence if before.version == version and before.licence else _licence(name, before.licence)
        )
        weak = weaknesses(found[name], name, version)
        packages[name] = replace(before, version=version, licence=licence, checked=today, weak=weak)
    return replace(table, packages=packages)


def _licence(name: str, otherwise: str) -> str:
    """What the installed package says, where that is SPDX; else what the table says, to be looked at."""
    try:
        said = metadata(name).get_all("License-Expression")
    except PackageNotFoundError:
        said = None
    return said[0] if said else otherwise or "unknown"


def rendered(table: Table, before: str) -> str:
    """The text of `packages.toml`; what stands above the packages stays, but for the advisories' day."""
    head = before.partition("[packages]\n")[0]
    head = re.sub(r"(?m)^as_of = .*$", f"as_of = {table.as_of}", head)
    return head + "[packages]\n" + "".join(map(_row, table.packages.values()))


def _row(package: Package) -> str:
    texts = {"version": package.version, "licence": package.licence}
    parts = [f"{key} = {json.dumps(text)}" for key, text in texts.items()] + [f"checked = {package.checked}"]
    if package.weak:
        parts.append(f"weak = {json.dumps(list(package.weak))}")
    optional = {"why": package.why, "accepted": package.accepted}
    parts += [f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in optional.items() if text]
    return f"{package.name} = {{ {', '.join(parts)} }}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, or update; 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="scripts.packages", description=__doc__)
    parser.add_argument("what", choices=["check", "update"])
    parser.add_argument(
        "--advisories", type=Path, help="a folder of advisories in the OSV format, for update"
    )
    parser.add_argument("--as-of", type=date.fromisoformat, help="the day of the newest of them")
    options = parser.parse_args(arguments)
    run, dev = RUN.read_text("utf-8"), DEV.read_text("utf-8")
    text = TABLE.read_text("utf-8")
    table, locked = read_table(text), pins(run, dev)
    if options.what == "update":
        if options.advisories is None or options.as_of is None:
            parser.error("update needs --advisories and --as-of")
        found = read_advisories(options.advisories, locked)
        table = replace(updated(table, locked, found, date.today()), as_of=options.as_of)  # noqa: DTZ011 - a day
        TABLE.write_text(rendered(table, text), "utf-8")
        NOTICE.write_text(notice(table, pins(run)), "utf-8")
    wrong = problems(table, locked)
    if not NOTICE.exists() or NOTICE.read_text("utf-8") != notice(table, pins(run)):
        wrong.append("NOTICE: is not what the table says: run `scripts.packages update`")
    print(*wrong, sep="\n")
    oldest = min(package.checked for package in table.packages.values())
    print(
        f"note: {len(locked)} packages, checked since {oldest} against the {table.source} as of {table.as_of}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
