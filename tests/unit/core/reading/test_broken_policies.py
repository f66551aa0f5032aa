"""The corpus of broken policy files: each is refused with the message, line and column in expected.txt.

Beside it what a file of the repository cannot be: huge, a link, made of chance.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cli_run import dxnode
from support.examples import examples
from support.policy_samples import POLICY
from support.work import work_of_at_most

from node.analysis.lint.lint import lint
from node.cli.policy.output import Sources, github_lines, sarif, text_lines
from node.cli.terminal.exits import Exit
from node.cli.terminal.output import plain
from node.core.policy.policy import PolicyFile
from node.core.reading.build import check_files
from node.core.reading.document import MAX_BYTES, MAX_PROBLEMS
from node.texts.wording import Language

DAY = date(2026, 11, 23)
LANGUAGES: tuple[Language, ...] = ("en", "zh")
BROKEN = Path(__file__).parent / "broken"
FILES = sorted(BROKEN.glob("*.yaml"))
# Seconds of work for one file, on the slowest machine that runs this.
MOST = 10.0


def _expected() -> dict[str, list[str]]:
    expected: dict[str, list[str]] = {}
    for line in (BROKEN / "expected.txt").read_text("utf-8").splitlines():
        name, told = line.split(" ", 1)
        expected.setdefault(name, []).append(told)
    return expected


EXPECTED = _expected()


def _told(path: Path) -> list[str]:
    problems = check_files([PolicyFile(path.name, path.read_bytes())]).problems
    return [f"{each.line}:{each.column} {each.key} {each.message}" for each in problems]


def test_the_corpus_is_large_and_every_file_has_its_message() -> None:
    assert len(FILES) >= 60
    assert {path.stem for path in FILES} == EXPECTED.keys()
    assert sum(path.stem.startswith("definitions-") for path in FILES) >= 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_its_message_at_its_place(path: Path) -> None:
    with work_of_at_most(MOST):
        assert _told(path) == EXPECTED[path.stem]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_wrong_can_be_told_in_every_form_and_language(path: Path) -> None:
    _tell_everything(path.name, path.read_bytes())


def test_all_broken_files_are_told_at_once() -> None:
    ran = dxnode("policy", "check", BROKEN, "--format", "github")
    assert ran.code == Exit.USAGE
    for path in FILES:
        assert f"::error file={path}," in ran.out


def test_a_file_of_50_mb_is_refused_and_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        for _ in range(50):
            file.write(b"# " + b"x" * ((1 << 20) - 3) + b"\n")
    assert path.stat().st_size == 50 << 20
    with work_of_at_most(MOST):
        ran = dxnode("policy", "check", path)
    assert ran.code == Exit.USAGE
    assert ran.out.startswith(f"{path}:1:1: error: the file is larger than {MAX_BYTES:,} bytes")


def test_links_out_of_the_folder_to_nothing_and_in_circles_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "secret.yaml"
    outside.write_text("password: hunter2\n", "utf-8")
    for name, target in (("out", outside), ("nothing", Path("nowhere.yaml")), ("circle", Path("p.yaml"))):
        folder = tmp_path / name
        folder.mkdir()
        os.symlink(target, folder / "p.yaml")
        ran = dxnode("policy", "check", folder)
        assert ran.code == Exit.UNREADABLE, name
        assert "hunter2" not in ran.out + ran.err
        assert "p.yaml" in ran.err


def test_a_folder_that_is_named_like_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").mkdir()
    assert dxnode("policy", "check", tmp_path).code == Exit.UNREADABLE


def _tell_everything(name: str, content: bytes, *beside: PolicyFile) -> None:
    """Check, search for warnings, and write every form: never an exception, always in bounds."""
    files = [PolicyFile(name, content), *beside]
    checked = check_files(files)
    problems = [*checked.problems, *lint(files, checked, DAY)]
    assert (checked.policies is None) is bool(checked.problems)
    assert len(problems) <= 3 * MAX_PROBLEMS * len(files)
    sources = Sources.of(files)
    lines = {file.name: file.content.decode("utf-8-sig", "replace").split("\n") for file in files}
    for problem in problems:
        assert 1 <= problem.line <= len(lines[problem.file])
        assert problem.column >= 1
    for lang in LANGUAGES:
        for line in (*text_lines(problems, sources, lang), *github_lines(problems, lang)):
            assert "\n" not in line
            assert "\x1b" not in line
        assert plain(sarif(problems, sources, lang))


CORPUS = [path.read_bytes() for path in FILES] + [POLICY.encode()]
# A policy that uses what definitions can give it, and definitions that do.
USER = PolicyFile(
    "user.yaml",
    POLICY.replace("[0, 60, 120, 180, 720]", "months").replace("{any: true}", "{groups: [offices]}").encode(),
)
DEFINITIONS = """\
purposes:
  social-insurance: {title: 社会保险, title_en: Social insurance}
  social-insurance/pension: {title: 养老, title_en: Pension}
  social-insurance/pension/deferral: {title: 延缴, title_en: Deferral}
departments:
  offices: {title: 窗口, title_en: Offices, departments: [11441900000000035L]}
bands:
  months: [0, 60, 120, 180, 720]
forbidden_together:
  - {id: g, questions: [pension-insurance/is-enrolled, pension-insurance/name-matches], within_days: 30}
"""
OF_DEFINITIONS = [
    *[path.read_bytes() for path in FILES if path.stem.startswith(("definitions-", "purpose"))],
    *[DEFINITIONS.encode()] * 10,
]
_JUNK = st.binary(max_size=4) | st.sampled_from(
    [b": ", b"\n", b"\t", b"&a ", b"*a", b"[", b"{", b"}", b"- ", b"!!", b"'", b'"', b"%", b"\x00", b"9" * 30]
)


@st.composite
def _spoilt(draw: st.DrawFn, corpus: list[bytes]) -> bytes:
    """A file of the corpus, cut, joined with another, or with bytes put in and taken out."""
    content = draw(st.sampled_from(corpus))[:20_000]
    if draw(st.booleans()):
        other = draw(st.sampled_from(corpus))[:20_000]
        content = content[: draw(st.integers(0, len(content)))] + other[draw(st.integers(0, len(other))) :]
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(content)))
        content = content[:place] + draw(_JUNK) + content[place + draw(st.integers(0, 8)) :]
    return content


def test_a_file_that_ends_too_early_is_faulted_within_itself() -> None:
    problems = check_files([PolicyFile("p.yaml", b"dataset: x\nsharing: {a")]).problems
    assert [(each.line, each.column) for each in problems if each.key == "yaml.empty-value"] == [(2, 12)]


def test_faults_beside_each_other_in_one_part_are_all_told() -> None:
    one = "forbidden_together:\n  - {id: g, uestions: [a/b, c/d], within_days: 0}\n"
    keys = [each.key for each in check_files([PolicyFile("p.yaml", one.encode())]).problems]
    assert {"key.unknown", "key.missing", "value.too-small"} <= set(keys)


@examples(300)
@given(_spoilt(CORPUS) | st.binary(max_size=400))
def test_spoilt_files_never_crash_or_hang_the_checker(content: bytes) -> None:
    with work_of_at_most(MOST):
        _tell_everything("p.yaml", content)


def test_the_definitions_to_be_spoilt_are_good() -> None:
    checked = check_files([PolicyFile("definitions.yaml", DEFINITIONS.encode()), USER])
    assert [problem.key for problem in checked.problems] == []


@examples(200)
@given(_spoilt(OF_DEFINITIONS) | st.binary(max_size=400))
def test_spoilt_definitions_never_crash_or_hang_the_checker(content: bytes) -> None:
    with work_of_at_most(MOST):
        _tell_everything("definitions.yaml", content, USER)
