"""Lists whose lines are done or refused each for itself: what does not even fit its type hurts only its own line."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from troth.flows.stock.stock import LineResult
from troth.model.refusals import FieldFlaw, Invalid

L = TypeVar("L")

Flawed = Mapping[int, tuple[FieldFlaw, ...]]
"""Flaws by the place of a line in its list, counted from 0, with pointers into the line."""


def without_lines(raw: bytes, field: str, places: set[int]) -> bytes | None:
    """The text of a body without some lines of its list; None where none would be left."""
    body: dict[str, Any] = json.loads(raw)
    left = [line for place, line in enumerate(body[field]) if place not in places]
    return json.dumps(body | {field: left}).encode() if left else None


def by_line(field: str, flaws: Iterable[FieldFlaw]) -> dict[int, tuple[FieldFlaw, ...]]:
    """Flaws of lines of the list `field` by line, with pointers into the line.

    >>> by_line("counts", [FieldFlaw("/counts/3/on_hand", "is required"), FieldFlaw("/counts/4", "is no object")])
    {3: (FieldFlaw(pointer='/on_hand', detail='is required'),), 4: (FieldFlaw(pointer='', detail='is no object'),)}
    """
    found: dict[int, list[FieldFlaw]] = {}
    for flaw in flaws:
        place, slash, inner = flaw.pointer.removeprefix(f"/{field}/").partition("/")
        found.setdefault(int(place), []).append(FieldFlaw(slash + inner, flaw.detail))
    return {place: tuple(of_line) for place, of_line in found.items()}


class Sifted(Generic[L]):
    """The lines of a list that are gone on with, by their places in it as it was sent, and the flaws of the others."""

    def __init__(self, lines: Sequence[L], flawed: Flawed) -> None:
        self.flaws = dict(flawed)
        places = (place for place in range(len(lines) + len(flawed)) if place not in flawed)
        self.lines = dict(zip(places, lines, strict=False))

    @property
    def places(self) -> tuple[int, ...]:
        """Where the lines are that are gone on with."""
        return tuple(self.lines)

    def refuse(self, place: int, flaws: Sequence[FieldFlaw]) -> None:
        """Leave a line out for its flaws, if it has any."""
        if flaws:
            del self.lines[place]
            self.flaws[place] = tuple(flaws)

    def results(self, done: Iterable[LineResult]) -> tuple[LineResult, ...]:
        """What became of every line as it was sent, given what became of those that were gone on with; of those only
        such as are said.
        """
        places = self.places
        found = {places[one.line]: replace(one, line=places[one.line]) for one in done} | {
            place: LineResult(place, Invalid.code, flaws=flaws) for place, flaws in self.flaws.items()
        }
        return tuple(found[place] for place in sorted(found))
