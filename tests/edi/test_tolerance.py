"""Files as they really come: with other line ends, cut into lines, not filled up, or with something around them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from troth.adapters.edi.reading import read_interchanges

GOLDEN = Path(__file__).parent / "golden"


def cut_into_lines(content: bytes) -> bytes:
    """A file whose lines end after eighty characters, wherever a segment does."""
    whole = content.replace(b"\n", b"")
    return b"\n".join(whole[place : place + 80] for place in range(0, len(whole), 80))


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "with a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "with the line ends of Windows": lambda content: content.replace(b"\n", b"\r\n"),
    "with those of old systems": lambda content: content.replace(b"\n", b"\r"),
    "in one line": lambda content: content.replace(b"\n", b""),
    "in lines of eighty": cut_into_lines,
    "behind empty lines": lambda content: b"\n\n  " + content,
    "filled up to a block": lambda content: content + b"\x00" * 100 + b"\x1a",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["945.x12", "vendor.x12", "node.edi"])
def test_a_file_is_read_however_it_was_carried(name: str, way: str) -> None:
    content = (GOLDEN / name).read_bytes()

    assert read_interchanges(WAYS[way](content)) == read_interchanges(content)


def test_a_header_that_is_not_filled_up_is_read() -> None:
    content = (GOLDEN / "945.x12").read_bytes()
    short = content.replace(b" " * 10, b"").replace(b"TROTH          ", b"TROTH")

    assert read_interchanges(short) == read_interchanges(content)


def test_the_usual_delimiters_hold_without_a_una() -> None:
    content = (GOLDEN / "node.edi").read_bytes()

    assert read_interchanges(content.removeprefix(b"UNA:+.? '\n")) == read_interchanges(content)


def test_several_interchanges_stand_in_a_file() -> None:
    content = (GOLDEN / "945.x12").read_bytes()

    assert read_interchanges(content * 2).interchanges == read_interchanges(content).interchanges * 2
