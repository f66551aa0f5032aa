"""Mistyped questions and purposes: what was meant is told, what was typed is not, whoever is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli_run import Ran, dxnode
from support.fake_catalogue import DATASET, PROVIDER, PURPOSE
from support.fake_desk import FakeDesk, grant_message, resident, serving

from node.errors import NodeError, Reason

OTHER = "11441900000000035L"
QUESTION = f"{DATASET}/is-enrolled"


def ask(desk: FakeDesk, folder: Path, question: str, purpose: str = PURPOSE, *more: str) -> Ran:
    with serving(desk, folder) as address:
        return dxnode(
            *("verify", question, "--purpose", purpose, "--case", "DG-1", *more),
            stdin=f"{resident(2)}\n",
            env={"DXNODE_DESK": address},
        )


def test_of_several_departments_with_such_a_question_each_is_named(tmp_path: Path) -> None:
    desk = FakeDesk(
        strict=True, grants={"g-1": grant_message(), "g-2": grant_message(id="g-2", provider=OTHER)}
    )
    said = ask(desk, tmp_path, QUESTION).err
    assert f"did you mean the question {PROVIDER}/{QUESTION}, {OTHER}/{QUESTION}?" in said


def test_a_mistyped_code_of_the_department_is_mended(tmp_path: Path) -> None:
    said = ask(FakeDesk(strict=True), tmp_path, f"11441900000000019X/{QUESTION}").err
    assert f"did you mean the question {PROVIDER}/{QUESTION}?" in said


def test_what_is_right_has_nothing_beside_it(tmp_path: Path) -> None:
    denied = NodeError(Reason.QUESTION_NOT_ALLOWED, "error.deciding.own-grant-question")
    said = ask(FakeDesk(fail_with=denied), tmp_path, QUESTION).err
    assert "QUESTION_NOT_ALLOWED" in said
    assert "did you mean" not in said


@pytest.mark.parametrize("reason", [Reason.QUOTA_EXHAUSTED, Reason.TIMEOUT, Reason.CONDITION_NOT_MET])
def test_an_error_of_another_kind_is_not_taken_for_a_mistyped_name(reason: Reason, tmp_path: Path) -> None:
    said = ask(FakeDesk(fail_with=NodeError.by_reason(reason)), tmp_path, f"{DATASET}/is-enroled").err
    assert reason.name in said
    assert "did you mean" not in said


def test_what_was_typed_is_not_repeated(tmp_path: Path) -> None:
    typed = "is-enrolled-441900195001010020"
    ran = ask(FakeDesk(strict=True), tmp_path, f"{DATASET}/{typed}", "deferral-of-zhang-san")
    assert "did you mean" in ran.err
    assert "441900195001010020" not in ran.out + ran.err
    assert "zhang" not in ran.out + ran.err


def test_a_batch_says_what_was_meant(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f"id\n{resident(2)}\n", "utf-8")
    with serving(FakeDesk(strict=True), tmp_path) as address:
        ran = dxnode(
            *("batch", "基本养老保险参保信息/is-enroled", tmp_path / "in.csv", tmp_path / "out.csv"),
            *("--purpose", PURPOSE, "--case", "DG-1"),
            env={"DXNODE_DESK": address},
        )
    assert ran.code != 0
    assert f"did you mean the question {QUESTION}?" in ran.err


def test_a_statistic_says_what_was_meant(tmp_path: Path) -> None:
    with serving(FakeDesk(strict=True), tmp_path) as address:
        ran = dxnode(
            *("stats", QUESTION, "--purpose", "养老保险延缴办理", "--case", "DG-1"),
            env={"DXNODE_DESK": address},
        )
    assert f"did you mean the purpose {PURPOSE}?" in ran.err


def test_what_grants_name_is_known_where_the_catalogue_cannot_be_had(tmp_path: Path) -> None:
    grant = grant_message(dataset="tax-payment")
    said = ask(FakeDesk(strict=True, grants={"g-1": grant}), tmp_path, "tax-paymant/is-enroled").err
    assert "did you mean the question tax-payment/is-enrolled?" in said
