"""Identifiers are read in any usual spelling, and refused without being repeated."""

from __future__ import annotations

import pytest

from node.core.identity import (
    SubjectType,
    check_character,
    holds_identifier,
    normalise_credit_code,
    normalise_region,
    normalise_resident_id,
    normalise_subject,
    region_covers,
)
from node.errors import NodeError, Reason

NUMBER = "11010519491231002X"


def number(body: str) -> str:
    return body + check_character(body)


@pytest.mark.parametrize(
    "spelling",
    [
        NUMBER,
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
        "  110105 19491231 002X\n",
        "110105\u300019491231\u00a0002X",
        "\ufeff11010519491231002X\u200b",
        " ".join(NUMBER),
        "110105491231002",
        "１１０１０５４９１２３１００２",
        # Copied from forms and pages: marks of direction, joiners, soft hyphens, variation selectors.
        "\u202a11010519491231002X\u202c",
        "\u200e11010519491231002X",
        "\u2066110105\u206019491231\u200d002X\u2069",
        "110105\u00ad19491231\ufe0f002X\U000e0020",
        "110105\u280019491231\ufffc002X",
        # What looks like the X: the Roman ten, a sign, and letters of other alphabets.
        *(f"11010519491231002{each}" for each in "\u2169\u2179\u0425\u0445\u03a7\u03c7\u00d7\u2715"),
    ],
)
def test_every_spelling_of_a_number_becomes_one(spelling: str) -> None:
    assert normalise_resident_id(spelling) == NUMBER
    assert normalise_subject(spelling, "resident_id") == NUMBER


def test_old_numbers_of_centenarians_get_the_century_before() -> None:
    # GB 11643-1989 kept sequence numbers 996 to 999 for them.
    assert normalise_resident_id("440524880101996")[:17] == "44052418880101996"
    assert normalise_resident_id("440524880101995")[:17] == "44052419880101995"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("1101051949123100", "has 16 characters"),
        ("1" * 10_000, "too long"),
        ("11010519491231002Y", "not a digit"),
        ("1101O519491231002X", "not a digit"),
        ("11010519491231-02X", "not a digit"),
        # Digits of another script are digits to str.isdigit, but not here.
        ("1101051949123100٢X", "not a digit"),
        ("110105194912310021", "check character"),
        (number("01010519491231002"), "province"),
        (number("16010519491231002"), "province"),
        (number("99010519491231002"), "province"),
        (number("11010519490231002"), "birth date"),
        (number("11010519491331002"), "birth date"),
        (number("11010519490010002"), "birth date"),
        (number("11010519490100002"), "birth date"),
        (number("11010517991231002"), "birth date"),
        (number("11010521001231002"), "birth date"),
        (number("11010519000229002"), "birth date"),
        (number("11010520230229002"), "birth date"),
        ("110105490231002", "birth date"),
    ],
)
def test_what_is_no_number_is_refused_and_says_why(wrong: str, says: str) -> None:
    with pytest.raises(NodeError, match=says) as caught:
        normalise_resident_id(wrong)
    assert caught.value.reason is Reason.QUERY_INVALID
    assert not wrong.strip() or wrong not in str(caught.value)
    assert not caught.value.metadata


@pytest.mark.parametrize(
    "body",
    [
        "11010520000229002",
        "11010520240229002",
        # A resident from Hong Kong, and a foreigner with permanent residence (9, province, country).
        "81000019900101001",
        "94484019900101001",
    ],
)
def test_leap_days_and_special_addresses_are_valid(body: str) -> None:
    assert normalise_resident_id(number(body)) == number(body)


@pytest.mark.parametrize(
    "spelling",
    [
        "91350100M000100Y43",
        "91350100m000100y43",
        "９１３５０１００Ｍ０００１００Ｙ４３",
        " 91350100-M000100Y4-3 ",
        "\u202e91350100M000100Y43\u200f",
        "\u280091350100M000100Y43\ufffc",
    ],
)
def test_every_spelling_of_a_credit_code_becomes_one(spelling: str) -> None:
    assert normalise_credit_code(spelling) == "91350100M000100Y43"
    assert normalise_subject(spelling, "credit_code") == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("", "18 characters"),
        ("91350100M000100Y4", "18 characters"),
        ("91350100M000100I43", "cannot stand"),
        ("91350A00M000100Y43", "cannot stand"),
        ("I1350100M000100Y43", "cannot stand"),
        ("X1350100M000100Y43", "1 to 9, A, N or Y"),
        ("01350100M000100Y43", "1 to 9, A, N or Y"),
        ("91350100M000100Y44", "check character"),
        ("9" * 10_000, "too long"),
    ],
)
def test_what_is_no_credit_code_is_refused_and_says_why(wrong: str, says: str) -> None:
    with pytest.raises(NodeError, match=says) as caught:
        normalise_credit_code(wrong)
    assert caught.value.reason is Reason.QUERY_INVALID
    assert not wrong or wrong not in str(caught.value)


# A number with one digit wrong that is a credit code by chance, and one that is both.
BY_CHANCE, BOTH = "44190019500101024X", "44190019500101053X"


def test_an_identifier_is_read_as_what_the_dataset_has() -> None:
    assert normalise_credit_code(BY_CHANCE) == BY_CHANCE
    with pytest.raises(NodeError, match="about people, and this is a credit code"):
        normalise_subject(BY_CHANCE, "resident_id")
    with pytest.raises(NodeError, match="about organisations, and this is a resident identity number"):
        normalise_subject(NUMBER, "credit_code")
    assert normalise_subject(BOTH, "resident_id") == normalise_subject(BOTH, "credit_code") == BOTH
    assert normalise_subject(BY_CHANCE, None) == BY_CHANCE


@pytest.mark.parametrize(
    ("kind", "says"), [("resident_id", "resident identity number"), ("credit_code", "credit code")]
)
def test_what_is_no_identifier_is_told_as_one_of_the_dataset(kind: SubjectType, says: str) -> None:
    with pytest.raises(NodeError, match=f"the {says} does not fit its check character"):
        normalise_subject(NUMBER[:-1] + "1" if kind == "resident_id" else "91350100M000100Y44", kind)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (NUMBER[:-1] + "1", "the resident identity number does not fit its check character"),
        (NUMBER[:-2] + "x", "the resident identity number has 17 characters"),
        ("９１３５０１００Ｍ０００１００Ｙ４４", "the credit code does not fit its check character"),
        ("91350100m000100y4", "the credit code is not 18 characters long"),
        ("", "the resident identity number is empty"),
    ],
)
def test_what_is_neither_is_told_as_what_it_looks_like_where_nobody_knows_the_dataset(
    wrong: str, says: str
) -> None:
    with pytest.raises(NodeError, match=says) as caught:
        normalise_subject(wrong, None)
    assert not wrong or wrong not in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"case of {NUMBER}, second try",
        f"办件{NUMBER.lower()}号",
        "１１０１０５１９４９１２３１００２ｘ",
        "110105 19491231 002X",
        f"2026{NUMBER}",
        f"{NUMBER}01",
        "SB-110105491231002",
        "110105-19491231-002X",
        "SB/110105.19491231_002x/2026",
        "1-1-0-1-0-5-1-9-4-9-1-2-3-1-0-0-2-X",
        "110105 – 1949.12.31 – 002X",
        "110105，1949／12／31：002Ｘ",
        "11\u200b0105\u00ad1949\u2060123\ufeff1002X",
        "１１０１０５－１９４９１２３１－００２ｘ",
        "110105\u066b١٩٤٩١٢٣١002X",
        "案卷(110105)[19491231]〔002X〕",
        "①①⓪①⓪⑤-19491231-002X",
        "2026-110105-19491231-002X-7",
        "11010519491231002\u2169",
        "110105-19491231-002\u00d7",
        "11010519491231002\u0425",
    ],
)
def test_an_identifier_in_free_text_is_found(text: str) -> None:
    assert holds_identifier(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-SB-000123",
        "粤东社保〔2026〕1234号",
        "20261122000000012345",
        # Region, date and sequence, as case numbers are made: no valid check character, or no province.
        "441900202611220001",
        "SB20261122000012345678",
        "110105194912310021",
        "12345678901234567890123456789012",
        # A credit code is not personal.
        "91350100M000100Y43",
        # One digit more than an old number.
        "1101054912310021",
        # Forms of case numbers, also where a number with a fitting check character lies across their parts.
        "DG-20261122-0001",
        "ZF-202611-0042",
        "RX-2026-000123",
        "4419-20261122-001",
        f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:17]}023",
        f"{NUMBER[:6]}-{NUMBER[6:14]}-A{NUMBER[14:]}",
        "91350100-M000100Y43",
        "粤府办〔2026〕第110105号，1949年12月31日，第002件",
    ],
)
def test_a_case_number_is_not_taken_for_an_identifier(text: str) -> None:
    assert not holds_identifier(text)


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("44", "440000"),
        ("4419", "441900"),
        ("441900", "441900"),
        ("４４１９００", "441900"),
        ("441900000", "441900"),
        ("441900000000", "441900"),
        ("441900003", "441900003"),
        ("441900003000", "441900003"),
        ("441900100", "441900100"),
        ("441900003001", "441900003001"),
        ("000000", "000000"),
        ("00", "000000"),
    ],
)
def test_every_spelling_of_a_region_becomes_one(spelling: str, code: str) -> None:
    assert normalise_region(spelling) == code
    assert normalise_region(code) == code


@pytest.mark.parametrize(
    "wrong", ["", "4", "441", "44190", "4419000", "44190000000", "99", "guangdong", "4" * 1000, "-1"]
)
def test_what_is_no_region_is_refused(wrong: str) -> None:
    with pytest.raises(NodeError) as caught:
        normalise_region(wrong)
    assert caught.value.reason is Reason.QUERY_INVALID


@pytest.mark.parametrize(
    ("outer", "inner", "covers"),
    [
        ("440000", "441900", True),
        ("440000", "440000", True),
        ("440000", "441900003", True),
        ("441900", "441900003", True),
        ("441900", "441900003001", True),
        ("441900003", "441900003001", True),
        ("000000", "441900003", True),
        ("441900", "440000", False),
        ("441900", "440100", False),
        ("441900003", "441900004", False),
        ("441900003", "441900", False),
        ("441900100", "441900101", False),
        ("440000", "000000", False),
        ("110100", "110000", False),
    ],
)
def test_a_region_covers_what_lies_in_it(outer: str, inner: str, covers: bool) -> None:
    assert region_covers(outer, inner) is covers


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("91440101MA5CX2P91X", "this is a credit code"),
        ("９１４４０１０１ma5cx2p91x", "this is a credit code"),
        ("91440101-MA5CX2P91-X", "this is a credit code"),
        # One letter is mistyped in a number more easily than it makes a code of it.
        ("44190019500101B02X", "a character that is not a digit"),
        ("张三", "holds no digit"),
        ("N/A", "holds no digit"),
        ("——", "holds no digit"),
        ("張三豐（身分證）", "holds no digit"),
    ],
)
def test_what_stands_in_the_place_of_an_identity_number_is_called_what_it_is(given: str, says: str) -> None:
    with pytest.raises(NodeError, match=says) as refused:
        normalise_subject(given, "resident_id")
    assert given not in str(refused.value)
