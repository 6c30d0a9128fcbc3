"""Serial numbers of a transfer's units: said when they leave, arrive or are lost; none is on its way twice."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from troth.engine.promising.context import Facts, State
from troth.model.inventory import SupplyKey
from troth.model.lifecycle import TransferState
from troth.model.refusals import FieldFlaw
from troth.model.serials import SerialKey, TravelingSerial
from troth.model.transfer_moves import TransferCommand, TransferUnits, transit_keys
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Traveling:
    """Where the serials of a movement's units are after it, and what is wrong with those that it names."""

    serials: Mapping[SerialKey, TravelingSerial] = field(default_factory=dict)
    flaws: tuple[FieldFlaw, ...] = ()


def traveling_keys(command: TransferCommand) -> list[SerialKey]:
    """The serials that a movement names."""
    return [(line.sku, serial) for line in command.lines for serial in line.serials]


def leave(command: TransferCommand, moved: Sequence[Sequence[TransferUnits]], state: State, facts: Facts) -> Traveling:
    """The serials of units that leave; `moved` are the units of each line of the command, by lot."""
    flaws = _form_flaws(command, facts)
    serials = {}
    for place, (line, units) in enumerate(zip(command.lines, moved, strict=True)):
        if line.serials and len(units) > 1:
            lots = ", ".join(one.lot or "none" for one in units)
            flaws.append(FieldFlaw(f"/lines/{place}/lot", f"is required with serials, as units are of lots {lots}"))
        for at, serial in enumerate(line.serials):
            key = (line.sku, serial)
            pointer = f"/lines/{place}/serials/{at}"
            was, holder = state.traveling.get(key), state.serials.get(key)
            if was is not None and was.state is TransferState.SHIPPED:
                flaws.append(FieldFlaw(pointer, f"{serial} is on its way by transfer {was.transfer_id} already"))
            elif holder is not None and holder.is_held:
                flaws.append(FieldFlaw(pointer, f"{serial} is with order {holder.order_id}"))
            elif units:
                serials[key] = _traveling(command, units[0], TransferState.SHIPPED, facts)
    return Traveling(serials, tuple(flaws))


def end_journey(command: TransferCommand, state: State, facts: Facts, ended: TransferState) -> Traveling:
    """The serials of units that arrived or were lost: those named, and where all of a lot on its way is meant the rest
    of it.

    What was on its way without a number may be given one now; not more than there are such units.
    """
    flaws = _form_flaws(command, facts)
    serials: dict[SerialKey, TravelingSerial] = {}
    on_way_by_supply = _on_way(command, state)
    for place, (line, on_way) in enumerate(zip(command.lines, transit_keys(command), strict=True)):
        known = on_way_by_supply.get(on_way, frozenset())
        left = state.balance(on_way).on_hand
        unnamed = left - len(known)
        for at, serial in enumerate(line.serials):
            key, pointer = (line.sku, serial), f"/lines/{place}/serials/{at}"
            was = state.traveling.get(key)
            if key in known:
                serials[key] = _traveling(command, line, ended, facts)
            elif was is not None and was.state is TransferState.SHIPPED:
                flaws.append(FieldFlaw(pointer, f"{serial} is on its way by transfer {was.transfer_id}, {_where(was)}"))
            elif unnamed <= 0:
                flaws.append(FieldFlaw(pointer, f"{serial} did not leave with {_where(line)}"))
            else:
                unnamed -= 1
                serials[key] = _traveling(command, line, ended, facts)
        if line.quantity == left:
            serials |= dict.fromkeys(known, _traveling(command, line, ended, facts))
    return Traveling(serials, tuple(flaws))


def _on_way(command: TransferCommand, state: State) -> Mapping[SupplyKey, frozenset[SerialKey]]:
    """The numbers of the transfer's units that are on their way, by the supply that these are."""
    found: dict[SupplyKey, set[SerialKey]] = {}
    for key, at in state.traveling.items():
        if at.state is TransferState.SHIPPED and at.transfer_id == command.consignment.transfer_id:
            found.setdefault(command.consignment.transit_key(key[0], at.line, at.lot), set()).add(key)
    return {supply: frozenset(keys) for supply, keys in found.items()}


def _form_flaws(command: TransferCommand, facts: Facts) -> list[FieldFlaw]:
    """Serials that cannot be meant, whatever is on its way."""
    flaws = []
    seen: set[SerialKey] = set()
    for place, line in enumerate(command.lines):
        pointer = f"/lines/{place}/serials"
        item = facts.items.get(line.sku)
        if line.serials and item is not None and item.decimals:
            flaws.append(FieldFlaw(pointer, f"{line.sku} is sold by the {item.unit}, and serial numbers are of pieces"))
        elif len(line.serials) > line.quantity:
            flaws.append(FieldFlaw(pointer, f"has {len(line.serials)} serials of {line.quantity} units"))
        for at, serial in enumerate(line.serials):
            if (line.sku, serial) in seen:
                flaws.append(FieldFlaw(f"{pointer}/{at}", f"{serial} is named twice"))
            seen.add((line.sku, serial))
    return flaws


def _traveling(command: TransferCommand, line: TransferUnits, state: TransferState, facts: Facts) -> TravelingSerial:
    return TravelingSerial(command.consignment.transfer_id, line.line, line.lot, state, facts.now)


def _where(at: TravelingSerial | TransferUnits) -> str:
    return f"line {at.line}" + (f", lot {at.lot}" if at.lot else "")
