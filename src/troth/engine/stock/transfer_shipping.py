"""Units of a transfer that leave: only what nobody was promised; out of the lot that is named, else those first that
expire first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from troth.engine.promising.context import Decision, Facts, State
from troth.engine.stock.transfer_serials import leave
from troth.engine.supply.supply import end_of_life
from troth.model.ids import NodeId
from troth.model.inventory import Entry, EntryKind, SupplyKey, lot_of, lot_source
from troth.model.measure import PIECE, told
from troth.model.refusals import FieldFlaw, Invalid, Refusal
from troth.model.transfer_moves import ShipTransfer, TransferShipped, TransferUnits, held_at_sender, transit_keys

TRANSFER = "transfer"


def transfer_reference(transfer_id: str) -> str:
    """How entries of a transfer name it.

    >>> transfer_reference("T-7")
    'transfer/T-7'
    """
    return f"{TRANSFER}/{transfer_id}"


def transfer_subject(transfer_id: str) -> str:
    """Under which subject the events of a transfer are logged.

    >>> transfer_subject("T-7")
    'transfer:T-7'
    """
    return f"{TRANSFER}:{transfer_id}"


def amount_of(units: int, line: TransferUnits, facts: Facts) -> str:
    """Units of a line in words, by the measure of its item."""
    item = facts.items.get(line.sku)
    return told(units, 0, PIECE) if item is None else told(units, item.decimals, item.unit)


def decide_ship(command: ShipTransfer, state: State, facts: Facts) -> Decision | Refusal:
    """What shipping causes, as a whole, or each line that cannot be done: no more of a line than was planned and not
    yet sent, and nothing that anybody was promised.
    """
    departure = _Departure(command, state, facts)
    moved = [departure.take(place, line) for place, line in enumerate(command.lines)]
    named = leave(command, moved, state, facts)
    flaws = (*departure.flaws, *named.flaws)
    if flaws:
        return Invalid(flaws)
    away = command.consignment
    units = tuple(one for of_line in moved for one in of_line)
    shipped = TransferShipped(away.transfer_id, away.sender, away.receiver, units, command.expected_at)
    later = [key for line, key in zip(command.lines, transit_keys(command), strict=True) if not line.quantity]
    # One of no units tells those who look after promises that what is on its way comes at another time.
    reference = transfer_reference(away.transfer_id)
    moved_on = (Entry(key, EntryKind.EXPECT, 0, reason=TRANSFER, reference=reference) for key in later)
    return Decision(
        entries=(*departure.entries, *moved_on),
        events=((transfer_subject(away.transfer_id), shipped),),
        expected=dict.fromkeys((*departure.on_way, *later), command.expected_at),
        expiries=departure.expiries or None,
        traveling=named.serials,
    )


@dataclass(slots=True)
class _Departure:
    """A shipping while it is decided, line by line: what was taken for the lines before."""

    command: ShipTransfer
    state: State
    facts: Facts
    entries: list[Entry] = field(default_factory=list)
    flaws: list[FieldFlaw] = field(default_factory=list)
    on_way: list[SupplyKey] = field(default_factory=list)
    expiries: dict[SupplyKey, date] = field(default_factory=dict)
    _taken: dict[SupplyKey, int] = field(default_factory=dict)
    _sent: dict[int, int] = field(default_factory=dict)

    def take(self, place: int, line: TransferUnits) -> Sequence[TransferUnits]:
        """The units of a line by lot, with their entries; none, and a flaw, where it cannot be done."""
        if not line.quantity:
            return ()
        left = line.planned - self._ordered(line) - self._sent.get(line.line, 0)
        if line.quantity > left:
            how_many = amount_of(max(0, left), line, self.facts)
            self._refuse(place, f"only {how_many} of line {line.line} are still to be shipped")
            return ()
        moved = []
        wanted = line.quantity
        for key in self._sources(line):
            units = min(wanted, self._free(key))
            if units:
                wanted -= units
                moved.append(replace(line, quantity=units, lot=lot_of(key.source)))
        if wanted:
            self._refuse(place, self._why_short(line, line.quantity - wanted))
            return ()
        for one in moved:
            self._move(one)
        return moved

    def _move(self, units: TransferUnits) -> None:
        away = self.command.consignment
        sent = SupplyKey(units.sku, away.sender, lot_source(units.lot))
        on_way = away.transit_key(units.sku, units.line, units.lot)
        reference = transfer_reference(away.transfer_id)
        self.entries += (
            Entry(sent, EntryKind.ADJUSTMENT, -units.quantity, reason=TRANSFER, reference=reference),
            Entry(on_way, EntryKind.EXPECT, units.quantity, reason=TRANSFER, reference=reference),
        )
        self._taken[sent] = self._taken.get(sent, 0) + units.quantity
        self._sent[units.line] = self._sent.get(units.line, 0) + units.quantity
        self.on_way.append(on_way)
        expires_on = self.state.balance(sent).expires_on
        if expires_on is not None and expires_on != self.state.balance(on_way).expires_on:
            self.expiries[on_way] = expires_on

    def _ordered(self, line: TransferUnits) -> int:
        """The units of a line that left before, out of whichever lot."""
        own = self.command.consignment.transit_key(line.sku, line.line)
        keys = {own, self.command.consignment.transit_key(line.sku, line.line, line.lot)}
        keys |= {key for key in self.command.known if key.source.startswith(f"{own.source}/")}
        return sum(self.state.ordered(key) for key in keys)

    def _sources(self, line: TransferUnits) -> list[SupplyKey]:
        """Out of which supplies of the sender a line is taken, in their order."""
        if line.lot:
            return [SupplyKey(line.sku, self.command.consignment.sender, lot_source(line.lot))]
        held = held_at_sender(self.command, line.sku)
        ends = {key: self.state.balance(key).expires_on or date.max for key in held}
        return sorted(filter(self._lasts, held), key=lambda key: (ends[key], not lot_of(key.source), key.source))

    def _lasts(self, key: SupplyKey) -> bool:
        """Whether a lot that nobody has asked for is still good, here now and there when it arrives."""
        expires_on = self.state.balance(key).expires_on
        away = self.command.consignment
        return all(
            at.timestamp() < end_of_life(expires_on, self._zone(node))
            for node, at in ((away.sender, self.facts.now), (away.receiver, self.command.expected_at))
        )

    def _zone(self, node: NodeId) -> str:
        at = self.facts.network.index.get(node)
        return "UTC" if at is None else self.facts.network.nodes[at].time_zone

    def _free(self, key: SupplyKey) -> int:
        return max(0, self.state.balance(key).available - self._taken.get(key, 0))

    def _why_short(self, line: TransferUnits, free: int) -> str:
        how_many, sender = amount_of(free, line, self.facts), self.command.consignment.sender
        how_many = how_many.replace(" units", " unreserved units") if "units" in how_many else f"{how_many} unreserved"
        if line.lot:
            return f"only {how_many} of lot {line.lot} of {line.sku} are at {sender}"
        lasting = any(self._free(key) and not self._lasts(key) for key in held_at_sender(self.command, line.sku))
        return f"only {how_many} of {line.sku} are at {sender}" + (" and good until they arrive" if lasting else "")

    def _refuse(self, place: int, detail: str) -> None:
        self.flaws.append(FieldFlaw(f"/lines/{place}/quantity", detail))
