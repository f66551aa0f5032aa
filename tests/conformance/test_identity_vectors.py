"""Check characters of resident identity numbers and credit codes against the examples of the standards."""

from __future__ import annotations

import pytest

from node.core.identity import check_character, normalise_credit_code, normalise_resident_id
from node.errors import NodeError

# GB 11643-1999, appendix A (examples) and B (computation); invented persons.
STANDARD_NUMBERS = ["11010519491231002X", "440524188001010014"]


@pytest.mark.parametrize("number", STANDARD_NUMBERS)
def test_the_examples_of_gb_11643_are_valid(number: str) -> None:
    assert check_character(number[:17]) == number[17]
    assert normalise_resident_id(number) == number


def test_check_characters_follow_the_weights_of_gb_11643() -> None:
    # GB 11643-1999, 4.1.4: weights 2**(18-i) modulo 11, and the character for each remainder.
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    characters = "10X98765432"
    for sequence in range(0, 1000, 7):
        body = f"44190019900101{sequence:03}"
        total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
        assert check_character(body) == characters[total % 11]


@pytest.mark.parametrize("number", STANDARD_NUMBERS)
def test_every_single_wrong_digit_is_found(number: str) -> None:
    # ISO 7064 MOD 11-2 finds every single substitution.
    for place in range(18):
        for character in "0123456789X":
            if character != number[place]:
                with pytest.raises(NodeError):
                    normalise_resident_id(number[:place] + character + number[place + 1 :])


@pytest.mark.parametrize(
    "code",
    [
        # GB 32100-2015, appendix: worked computation, with sum 1640 and check character 3.
        "91350100M000100Y43",
        # zh.wikipedia.org, "统一社会信用代码"; the doctest of python-stdnum.
        "91110000600037341L",
    ],
)
def test_the_examples_of_gb_32100_are_valid(code: str) -> None:
    assert normalise_credit_code(code) == code


def test_check_characters_follow_the_weights_of_gb_32100() -> None:
    # GB 32100-2015: weights 3**(i-1) modulo 31 over an alphabet without I, O, S, V and Z.
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = "91350100M000100Y4"
    total = sum(alphabet.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    assert total == 1640
    right = alphabet[(31 - total % 31) % 31]
    for character in alphabet:
        if character == right:
            assert normalise_credit_code(body + character) == body + right
        else:
            with pytest.raises(NodeError):
                normalise_credit_code(body + character)
