"""What differs between two versions of a document, field by field."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from troth.flows.publishing.draft import digest_body
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """A field, as an RFC 6901 pointer, before and after; what `is_added` or `is_removed` has only the other side.

    The pointer is into the content after, and for what was removed into the content before.
    """

    pointer: str
    before: object = None
    after: object = None
    is_added: bool = False
    is_removed: bool = False


def differences(before: object, after: object, pointer: str = "") -> tuple[Difference, ...]:
    """The fields that differ between two decoded JSON values; a list's items are compared with their likes.

    >>> [(d.pointer, d.before, d.after) for d in differences({"a": 1, "b": ["x", "y"]}, {"a": 2, "b": ["w", "x", "y"]})]
    [('/a', 1, 2), ('/b/0', None, 'w')]
    """
    return tuple(_walk(before, after, pointer))


def _walk(before: object, after: object, pointer: str) -> Iterable[Difference]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in dict.fromkeys((*before, *after)):
            place = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if name not in after:
                yield Difference(place, before[name], is_removed=True)
            elif name not in before:
                yield Difference(place, after=after[name], is_added=True)
            else:
                yield from _walk(before[name], after[name], place)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _walk_lists(before, after, pointer)
    elif type(before) is not type(after) or before != after:
        yield Difference(pointer, before, after)


def _walk_lists(before: Sequence[object], after: Sequence[object], pointer: str) -> Iterable[Difference]:
    old, new = [digest_body(item) for item in before], [digest_body(item) for item in after]
    for change, old_start, old_end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if change == "equal":
            continue
        both = min(old_end - old_start, new_end - new_start)
        for offset in range(both):
            position = new_start + offset
            yield from _walk(before[old_start + offset], after[position], f"{pointer}/{position}")
        for position in range(old_start + both, old_end):
            yield Difference(f"{pointer}/{position}", before[position], is_removed=True)
        for position in range(new_start + both, new_end):
            yield Difference(f"{pointer}/{position}", after=after[position], is_added=True)
