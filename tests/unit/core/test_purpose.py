"""Purpose codes: spelling, ancestry, coverage."""

from __future__ import annotations

import pytest

from node.core.purpose import is_purpose_code, purpose_covers, purpose_line


@pytest.mark.parametrize("code", ["tax", "tax/refund", "social-insurance/pension/deferral", "a1/b2"])
def test_purpose_codes_are_words_joined_by_slashes(code: str) -> None:
    assert is_purpose_code(code)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "tax/",
        "/tax",
        "tax//refund",
        "Tax",
        "税",
        "tax refund",
        "-tax",
        "tax-",
        "a/../b",
        "a\n",
        "/".join("abcdefghi"),
        "a" * 201,
    ],
)
def test_anything_else_is_no_purpose(text: str) -> None:
    assert not is_purpose_code(text)
    assert purpose_line(text) == ()
    assert not purpose_covers(text, text)


def test_a_purpose_covers_itself_and_its_children_only() -> None:
    assert purpose_covers("social-insurance/pension", "social-insurance/pension")
    assert purpose_covers("social-insurance/pension", "social-insurance/pension/deferral")
    assert not purpose_covers("social-insurance/pension", "social-insurance")
    assert not purpose_covers("social-insurance/pension", "social-insurance/pensions")


def test_the_line_goes_from_the_code_to_the_root() -> None:
    assert purpose_line("a/b/c") == ("a/b/c", "a/b", "a")
