"""By what a carrier names the parcels that it tells of: numbers of its own, packages, or orders of ours."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from troth.adapters.edi.maps.marks import Marks
from troth.adapters.edi.maps.numbers import read_work_number
from troth.flows.memory.trackers import NamedBy, Reference, ToldCheckpoint

SIGNED: Final = ("SIGNED BY", "SIGNED FOR BY", "RECEIVED BY", "POD NAME", "POD", "SIGNATURE")
"""How remarks begin that say who took the goods."""
_WIDTH: Final = tuple(NamedBy)


def read_reference(value: str, *, is_carriers: bool) -> Reference | None:
    """What a number names: our work where it is the number of any, else a number of the carrier's own, or an order as
    its channel calls it.
    """
    if not value:
        return None
    work = read_work_number(value)
    if work is not None:
        return Reference(NamedBy.WORK, work)
    return Reference(NamedBy.NUMBER if is_carriers else NamedBy.ORDER, value)


def read_signer(remarks: Iterable[str]) -> str:
    """Who took the goods, where a remark says so as such.

    >>> read_signer(["LEFT AT DOCK", "SIGNED BY: J PARK"]), read_signer(["J PARK"])
    ('J PARK', '')
    """
    for remark in remarks:
        text = remark.strip()
        for lead in SIGNED:
            rest = text[len(lead) :]
            if text.upper().startswith(lead) and rest[:1] in (":", " ") and rest.lstrip(": "):
                return rest.lstrip(": ")
    return ""


def spread(
    checkpoint: ToldCheckpoint, parcels: Iterable[Marks], shared: Iterable[Reference | None]
) -> Iterator[ToldCheckpoint]:
    """A checkpoint for each parcel that is named, else one for what all belong to; none where there is no name."""
    named = tuple(parcels)
    for one in named:
        packages = (Reference(NamedBy.PACKAGE, one.sscc),) if one.sscc else ()
        yield replace(checkpoint, tracking_number=one.tracking_number or one.name, references=packages)
    of_all = tuple(dict.fromkeys(one for one in shared if one is not None))
    if named or not of_all:
        return
    numbers = [one.name for one in of_all if one.by is NamedBy.NUMBER]
    narrowest_first = tuple(sorted(of_all, key=lambda one: _WIDTH.index(one.by)))
    yield replace(checkpoint, tracking_number=numbers[0] if numbers else "", references=narrowest_first)
