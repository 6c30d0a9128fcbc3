"""The character sets of interchanges, and text made to fit one."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from troth.adapters.edi.segments import Interchange, Segment

_LATIN: Final = {
    letter: f"iso8859-{part}" for letter, part in zip("CDEFGHIJK", (1, 2, 5, 7, 3, 4, 6, 8, 9), strict=True)
}
CHARACTER_SETS: Final = {"UNOA": "ascii", "UNOB": "ascii", "UNOW": "utf-8"} | {
    f"UNO{letter}": codec for letter, codec in _LATIN.items()
}
"""By the syntax identifier of a UNB, the codec of its bytes. UNOX and UNOY, which switch sets, are not read."""

LEVEL_A: Final = re.compile(r"[A-Z0-9 .,\-()/='+:?!\"%&*;<>]*")
"""What level A allows: upper case, digits and a few signs."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LETTERS: Final = str.maketrans(
    dict(zip("ŁłØøĐđ‘’“”–—", "LlOoDd''\"\"--", strict=True))
    | {"ß": "ss", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "…": "..."}
)


def decode(content: bytes, syntax_identifier: str) -> tuple[str, bool]:
    """The text of bytes in a character set, and whether it is in it. What is not is taken for what it looks like, UTF-8
    or else Latin-1: many call UNOA whatever they send.
    """
    codec = CHARACTER_SETS.get(syntax_identifier, "utf-8")
    for one in (codec, "utf-8"):
        try:
            return content.decode(one), one == codec
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), False


def is_in(text: str, syntax_identifier: str) -> bool:
    """Say whether a character set has all characters of a text."""
    if syntax_identifier == "UNOA":
        return LEVEL_A.fullmatch(text) is not None
    try:
        text.encode(CHARACTER_SETS[syntax_identifier])
    except UnicodeEncodeError:
        return False
    return True


def fold(text: str, syntax_identifier: str) -> str:
    """A text as a character set can say it: its letters without accents where it lacks them, in upper case for level A,
    and `?` for what has no such form.

    >>> fold("Zoë Wójcik, 5½ m", "UNOA"), fold("Zoë Wójcik", "UNOC")
    ('ZOE WOJCIK, 51/2 M', 'Zoë Wójcik')
    """
    if is_in(text, syntax_identifier):
        return text
    found: list[str] = []
    for letter in text.upper() if syntax_identifier == "UNOA" else text:
        if is_in(letter, syntax_identifier):
            found.append(letter)
            continue
        apart = unicodedata.normalize("NFKD", letter.translate(_LETTERS)).replace("\u2044", "/")
        found += [one if is_in(one, syntax_identifier) else "?" for one in apart if not unicodedata.combining(one)]
    return "".join(found)


def fold_interchange(interchange: Interchange, syntax_identifier: str) -> Interchange:
    """An interchange whose texts all fit a character set."""
    return map_texts(interchange, lambda text: fold(text, syntax_identifier))


def without_control_characters(interchange: Interchange) -> Interchange:
    """An interchange with a blank for each run of line ends and other controls: no character set of the two syntaxes
    has them, and readers skip them.
    """
    return map_texts(interchange, lambda text: _CONTROL.sub(" ", text))


def map_texts(interchange: Interchange, change: Callable[[str], str]) -> Interchange:
    """An interchange with each text of its segments changed; the same one where none is."""

    def of(segment: Segment) -> Segment:
        elements = tuple(tuple(tuple(map(change, one)) for one in element) for element in segment.elements)
        return segment if elements == segment.elements else replace(segment, elements=elements)

    groups = tuple(
        replace(
            group,
            transactions=tuple(replace(one, segments=tuple(map(of, one.segments))) for one in group.transactions),
        )
        for group in interchange.groups
    )
    return replace(interchange, groups=groups, receipts=tuple(map(of, interchange.receipts)))
