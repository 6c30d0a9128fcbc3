"""Words that sentences about events are made of."""

from troth.console.views_release import in_words
from troth.model.commands import LineQuantity


def lines_told(lines: tuple[LineQuantity, ...]) -> str:
    """Units of lines; nothing where there are none."""
    return in_words(f"{line.quantity} of line {line.line_id}" for line in lines) or "nothing"


def count_of(count: int, noun: str) -> str:
    """So many of something.

    >>> count_of(1, "unit"), count_of(3, "line")
    ('1 unit', '3 lines')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def plain(name: str) -> str:
    """A name as a word.

    >>> plain("not_found")
    'not found'
    """
    return name.replace("_", " ")
