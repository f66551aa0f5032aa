"""Short texts are read in the encoding that they are in, or not at all."""

from __future__ import annotations

import pytest

from node.core.decoding import Decoding, UnclearEncodingError, is_unclear, text_of

NUMBER = "441999196503080016"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["陈文", "王𠆩", "阿力木·买买提", "José", "Ñandú Pérez", "Wang"])
def test_text_is_read_in_its_encoding(encoding: str, name: str) -> None:
    text = f"{NUMBER}\nname={name}\n"
    assert text_of(text.encode(encoding)) == text


@pytest.mark.parametrize("name", ["某某", "某", "薛卢", "毛施"])
def test_text_that_can_be_read_in_two_ways_is_not_read(name: str) -> None:
    """These are letters of Europe in UTF-8."""
    content = f"{NUMBER}\nname={name}\n".encode("gb18030")
    assert content.decode("utf-8")
    with pytest.raises(UnclearEncodingError):
        text_of(content)
    assert text_of(content.decode("gb18030").encode("utf-8-sig")).endswith(f"name={name}\n")
    assert text_of(content + "王芳".encode("gb18030")).endswith("王芳")


def test_what_is_no_text_is_not_read() -> None:
    with pytest.raises(UnicodeDecodeError):
        text_of(b"\xff\xfe\xff")
    with pytest.raises(UnicodeDecodeError):
        text_of(b"name=\xff\xff")


def test_so_much_text_as_reads_in_one_encoding_alone_is_certain() -> None:
    read = [Decoding("utf-8"), Decoding("gb18030")]
    for each in read:
        each.feed("某某".encode("gb18030") * 4, final=True)
    assert not is_unclear(*read)
    assert [each.is_certain for each in read] == [True, True]
    assert Decoding("utf-8").is_certain is False
