"""The tables by which texts are compared, against Unicode's data and the encoding standards."""

from __future__ import annotations

import unicodedata

from node.core.normal_form import TAKEN_FOR

# GB 18030-2022 against GB 18030-2005, as index-gb18030 of the Encoding Standard (WHATWG) of 2024-09-18 has
# it: bytes, the code point in private use of before, and the one that the character has now.
MOVED = """
A6D9 E78D FE10   A6DA E78E FE12   A6DB E78F FE11   A6DC E790 FE13   A6DD E791 FE14   A6DE E792 FE15
A6DF E793 FE16   A6EC E794 FE17   A6ED E795 FE18   A6F3 E796 FE19   FE59 E81E 9FB4   FE61 E826 9FB5
FE66 E82B 9FB6   FE67 E82C 9FB7   FE6D E832 9FB8   FE7E E843 9FB9   FE90 E854 9FBA   FEA0 E864 9FBB
"""
# The six that the Encoding Standard has left in private use (GB 18030-2022, whatwg/encoding, issue 27).
PLANE_2 = """
FE51 E816 20087   FE52 E817 20089   FE53 E818 200CC   FE6C E831 215D7   FE76 E83B 2298F   FE91 E855 241FE
"""


def triples(table: str) -> list[tuple[bytes, int, int]]:
    words = table.split()
    each = zip(words[::3], words[1::3], words[2::3], strict=True)
    return [(bytes.fromhex(code), int(private, 16), int(given, 16)) for code, private, given in each]


def test_characters_in_private_use_are_those_that_gb_18030_2022_has_given_code_points() -> None:
    found = triples(MOVED) + triples(PLANE_2)
    assert len(found) == 24
    for encoded, private, given in found:
        assert TAKEN_FOR[private] == given
        # Python's codec is that of GB 18030-2000, which decodes these bytes to private use.
        assert encoded.decode("gb18030") == chr(private)


def test_characters_in_private_use_of_gbk_are_those_of_row_fe_in_its_order() -> None:
    trails = [*range(0x50, 0x7F), *range(0x80, 0xA1)]
    moved = {private: given for _, private, given in triples(MOVED) + triples(PLANE_2)}
    for place, trail in enumerate(trails):
        private = 0xE815 + place
        decoded = ord(bytes((0xFE, trail)).decode("gb18030"))
        assert TAKEN_FOR[private] == moved.get(decoded, decoded)
    assert 0xE815 + len(trails) - 1 == 0xE864
    assert chr(TAKEN_FOR[0xE7C7]) == "ḿ"  # A8BC, of GB 18030-2005


def test_radicals_are_taken_for_what_unicode_calls_compatible() -> None:
    radicals = [code for code in range(0x2E80, 0x2FE0) if unicodedata.decomposition(chr(code))]
    assert len(radicals) == 214 + 2
    for code in radicals:
        kind, given = unicodedata.decomposition(chr(code)).split()
        assert (kind, int(given, 16)) == ("<compat>", TAKEN_FOR[code])


def test_wide_signs_are_taken_for_what_unicode_calls_wide() -> None:
    wide = [code for code in TAKEN_FOR if unicodedata.decomposition(chr(code)).startswith("<wide>")]
    for code in wide:
        assert int(unicodedata.decomposition(chr(code)).split()[1], 16) == TAKEN_FOR[code]
    letters = [
        code for code in range(0xFF01, 0xFF5F) if unicodedata.category(chr(code)) in ("Lu", "Ll", "Nd")
    ]
    assert set(letters) <= set(wide)
    assert "".join(chr(TAKEN_FOR[code]) for code in sorted(set(wide) - set(letters))) == "&'()-./"
