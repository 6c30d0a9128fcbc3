"""Texts in fields that have a length."""

import textwrap


def cut(text: str, length_max: int) -> str:
    """The beginning of a text, in one line.

    >>> cut("Lamp,\\n brass", 8)
    'Lamp, br'
    """
    return " ".join(text.split())[:length_max].rstrip()


def fold(text: str, length_max: int, count_max: int) -> tuple[str, ...]:
    """A text in so many fields at most, parted between words where that can be; what does not fit is left out.

    >>> fold("Building 7, second floor", 12, 2)
    ('Building 7,', 'second floor')
    >>> fold("", 12, 2)
    ()
    """
    return tuple(textwrap.wrap(" ".join(text.split()), length_max, break_on_hyphens=False)[:count_max])
