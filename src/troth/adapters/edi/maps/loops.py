"""Loops of segments: those that begin with the same tag, and what follows each."""

from collections.abc import Iterable, Sequence

from troth.adapters.edi.segments import Segment

Loop = tuple[Segment, ...]


def split_loops(segments: Iterable[Segment], tag: str, *, until: Sequence[str] = ()) -> tuple[Loop, tuple[Loop, ...]]:
    """What comes before the first loop, and each loop; a tag of `until` ends the last one, and all that follows it."""
    head: list[Segment] = []
    loops: list[list[Segment]] = []
    for one in segments:
        if loops and one.tag in until:
            break
        if one.tag == tag:
            loops.append([one])
        elif loops:
            loops[-1].append(one)
        else:
            head.append(one)
    return tuple(head), tuple(map(tuple, loops))


def pick(segments: Iterable[Segment], tag: str, *qualifiers: str) -> tuple[Segment, ...]:
    """The segments with a tag, and where qualifiers are given with one of them as their first component."""
    return tuple(one for one in segments if one.tag == tag and (not qualifiers or one.get(1) in qualifiers))


def value_of(segments: Iterable[Segment], tag: str, *qualifiers: str, component: int = 0) -> str:
    """What stands behind the first qualifier that any segment with the tag has: in its second element, or in a
    component of its first; empty where none does.
    """
    found = list(segments)
    for qualifier in qualifiers:
        for one in pick(found, tag, qualifier):
            value = one.get(1, component) if component else one.get(2)
            if value:
                return value
    return ""


def code_pairs(at: Segment, first: int, last: int) -> tuple[tuple[str, str], ...]:
    """The pairs of a qualifier and a number that elements of a segment have, from one to the last."""
    pairs = ((at.get(place), at.get(place + 1)) for place in range(first, last, 2))
    return tuple((qualifier, value) for qualifier, value in pairs if value)
