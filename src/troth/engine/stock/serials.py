"""Serial numbers: what nodes name of them, one for each unit before it leaves, none of a SKU with two customers."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from troth.engine.promising.context import Facts, State
from troth.model.commands import CollectWork, Command, LineSerials, PackWork, PickWork, ShipWork, StageWork, UnpickWork
from troth.model.events import SerialsNamed
from troth.model.ids import FulfillmentId, LineId, Sku
from troth.model.lifecycle import ENDED, AllocationState
from troth.model.measure import counted
from troth.model.order import Order
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.serials import SerialKey, SerialPlace, UnitSerial
from troth.model.value import dataclass

SerialWork = PickWork | PackWork | StageWork | ShipWork | CollectWork
"""The reports that may name serials."""

PICKED: Final = (
    frozenset(AllocationState)
    - ENDED
    - {
        AllocationState.BACKORDERED,
        AllocationState.RESERVED,
        AllocationState.RELEASED,
        AllocationState.ACCEPTED,
    }
)
"""Units in one of these are in somebody's hands: only they have serials."""

_Place = tuple[LineId, Sku]


@dataclass(frozen=True, slots=True)
class Named:
    """The event that serials were named (None: nothing was), which of them go where, and which are free again."""

    event: SerialsNamed | None = None
    claims: Mapping[SerialKey, SerialPlace] = field(default_factory=dict)
    freed: Mapping[SerialKey, FulfillmentId] = field(default_factory=dict)


def serial_keys(command: Command, order: Order) -> list[SerialKey]:
    """The serials that a report may mean, so that it is known where they are."""
    if not isinstance(command, SerialWork):
        return []
    return [
        (sku, serial)
        for given in command.serials
        for sku in _skus_of(given, command.fulfillment_id, order)
        for serial in given.serials
    ]


def name_serials(command: Command, after: Order, state: State, facts: Facts) -> Named | Invalid:
    """What a report names, for the units that its fulfillment has `after` it; a line that is named again replaces what
    was named of it before.

    Refused are a serial that is with somebody, more serials than units, and, once a serialized unit leaves, too few.
    """
    if isinstance(command, UnpickWork):
        return _freed(command, after, facts)
    if not isinstance(command, SerialWork):
        return Named()
    name = command.fulfillment_id
    units = _units(after, name)
    if not command.serials and not any(_is_serialized(sku, facts) for _line, sku in units):
        return Named()
    work = next(work for work in after.fulfillments if work.fulfillment_id == name)
    given, flaws = _given(command, after, units, state)
    named = {**_by_place(work.serials), **given}
    flaws = flaws or _count_flaws(command, named, given, units, facts)
    if flaws:
        return Invalid(tuple(flaws))
    serials = tuple(sorted(UnitSerial(*place, serial) for place, some in named.items() for serial in some))
    if serials == work.serials:
        return Named()
    kept = {one.key for one in serials}
    known = {one.key for one in work.serials}
    at = command.at or facts.now
    return Named(
        SerialsNamed(name, serials, at),
        {one.key: SerialPlace(after.order_id, name, one.line_id, at) for one in serials if one.key not in known},
        dict.fromkeys(known - kept, name),
    )


def _freed(command: UnpickWork, after: Order, facts: Facts) -> Named:
    """The units are on the shelf again, so whoever takes one of them next may name it."""
    name = command.fulfillment_id
    known = next(work for work in after.fulfillments if work.fulfillment_id == name).serials
    if not known:
        return Named()
    return Named(SerialsNamed(name, (), command.at or facts.now), freed={one.key: name for one in known})


def is_held(key: SerialKey, place: SerialPlace, order: Order) -> bool:
    """Whether units of the line that a serial was named for are still live in its fulfillment."""
    return (place.line_id, key[0]) in _units(order, place.fulfillment_id)


def _units(order: Order, name: FulfillmentId) -> dict[_Place, int]:
    """The units that were picked for a fulfillment, by line and SKU."""
    units: dict[_Place, int] = {}
    for part in order.allocations:
        if part.fulfillment_id == name and part.state in PICKED:
            units[part.line_id, part.sku] = units.get((part.line_id, part.sku), 0) + part.quantity
    return units


def _by_place(serials: Sequence[UnitSerial]) -> dict[_Place, tuple[str, ...]]:
    found: dict[_Place, tuple[str, ...]] = {}
    for one in serials:
        found[one.line_id, one.sku] = (*found.get((one.line_id, one.sku), ()), one.serial)
    return found


def _given(
    command: SerialWork, order: Order, units: Mapping[_Place, int], state: State
) -> tuple[dict[_Place, tuple[str, ...]], list[FieldFlaw]]:
    """The serials that a report names, by line and SKU, with what is wrong with single ones."""
    found: dict[_Place, tuple[str, ...]] = {}
    flaws = []
    seen: set[SerialKey] = set()
    for given in command.serials:
        skus = [sku for sku in _skus_of(given, command.fulfillment_id, order) if (given.line_id, sku) in units]
        if len(skus) != 1:
            what = "say of which SKU" if skus else "no unit of this line was picked here"
            flaws.append(FieldFlaw(given.pointer, what))
            continue
        place = (given.line_id, skus[0])
        for at, serial in enumerate(given.serials):
            holder = state.serials.get((skus[0], serial))
            if (skus[0], serial) in seen:
                flaws.append(FieldFlaw(f"{given.pointer}/{at}", f"{serial} is named twice"))
            elif holder is not None and holder.is_held and holder.fulfillment_id != command.fulfillment_id:
                flaws.append(FieldFlaw(f"{given.pointer}/{at}", f"{serial} is with order {holder.order_id} already"))
            seen.add((skus[0], serial))
        found[place] = (*found.get(place, ()), *given.serials)
    return found, flaws


def _count_flaws(
    command: SerialWork,
    named: Mapping[_Place, tuple[str, ...]],
    given: Mapping[_Place, tuple[str, ...]],
    units: Mapping[_Place, int],
    facts: Facts,
) -> list[FieldFlaw]:
    """Where there are other numbers of serials than of units."""
    leaves = isinstance(command, ShipWork | CollectWork)
    pointers = {one.line_id: one.pointer for one in command.serials}
    flaws = []
    for place, count in units.items():
        some = len(named.get(place, ()))
        is_serialized = _is_serialized(place[1], facts)
        is_short = some < count and is_serialized and (leaves or place in given)
        if is_short or (some > count and (place in given or leaves)):
            pointer = pointers.get(place[0], "/serials")
            flaws.append(
                FieldFlaw(pointer, f"line {place[0]} has {counted(count)} of {place[1]}, and {counted(some, 'serial')}")
            )
    return flaws


def _skus_of(given: LineSerials, name: FulfillmentId, order: Order) -> list[Sku]:
    """The SKUs that serials of a line may be of: the one that is said, or all that the line has in the fulfillment."""
    if given.sku is not None:
        return [given.sku]
    return sorted(
        {part.sku for part in order.allocations if part.line_id == given.line_id and part.fulfillment_id == name}
    )


def _is_serialized(sku: Sku, facts: Facts) -> bool:
    item = facts.items.get(sku)
    return item is not None and item.serialized
