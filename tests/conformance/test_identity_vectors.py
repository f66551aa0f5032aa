"""Check characters of resident identity numbers and credit codes against the examples of the standards."""

from __future__ import annotations

import pytest
from stdnum.cn import uscc

from node.core.identity import check_character, normalise_credit_code, normalise_resident_id
from node.errors import NodeError

# GB 32100-2015 with amendment no. 1 of 2016, tables 1 and 2: who registers, and the kinds of organisations.
REGISTERED = {
    "1": "1239",  # 机构编制
    "2": "19",  # 外交
    "3": "123459",  # 司法行政
    "4": "19",  # 文化
    "5": "1239",  # 民政
    "6": "129",  # 旅游
    "7": "129",  # 宗教
    "8": "19",  # 工会
    "9": "123",  # 工商
    "A": "19",  # 中央军委改革和编制办公室
    "N": "1239",  # 农业
    "Y": "1",  # 其他
}
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
        # Made up, of the registrars and kinds that amendment no. 1 of 2016 has in its tables.
        *(
            body + uscc.calc_check_digit(body)
            for first, kinds in REGISTERED.items()
            for body in (f"{first}{kind}441900MB0000001" for kind in kinds)
        ),
        # Village committees have 54 since 2017, which the tables don't have.
        "54441900MB0000001" + uscc.calc_check_digit("54441900MB0000001"),
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


@pytest.mark.parametrize("first", sorted(set("0123456789ABCDEFGHJKLMNPQRTUWXY") - set(REGISTERED)))
def test_no_other_character_registers_an_organisation(first: str) -> None:
    body = f"{first}1441900MB0000001"
    with pytest.raises(NodeError, match="no registering department"):
        normalise_credit_code(body + uscc.calc_check_digit(body))


def test_letters_stand_in_no_region_of_a_credit_code() -> None:
    body = "9144A900MB0000001"
    with pytest.raises(NodeError, match="cannot stand"):
        normalise_credit_code(body + uscc.calc_check_digit(body))
