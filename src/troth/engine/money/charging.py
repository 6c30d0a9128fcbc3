"""What makes written chargebacks come to what is incurred: no decision is touched, nothing counts twice."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from troth.model.chargeback import UNDECIDED, Charge, Chargeback, ChargebackState, ChargeKey
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Charging:
    """Which chargebacks are taken back, and which charges are written."""

    taken_back: tuple[Chargeback, ...] = ()
    charges: tuple[Charge, ...] = ()


def charge(incurred: Iterable[Charge], written: Sequence[Chargeback]) -> Charging:
    """The least that has to happen so that of each rule, shipment and line what is written and not taken back comes to
    what is incurred, or to what was decided where that is more.

    Where more is incurred than is written, the difference is written. Where it is less, what is undecided is taken
    back, and what is still missing then is written.
    """
    owed = {one.key: one for one in incurred}
    booked: dict[ChargeKey, list[Chargeback]] = {}
    for one in written:
        if one.state is not ChargebackState.TAKEN_BACK:
            booked.setdefault(one.charge.key, []).append(one)
    back: list[Chargeback] = []
    more: list[Charge] = []
    for key in sorted({*owed, *booked}):
        due, stands = owed.get(key), booked.get(key, [])
        if _sum(stands) > (0 if due is None else due.amount_minor):
            back += [one for one in stands if one.state in UNDECIDED]
            stands = [one for one in stands if one.state not in UNDECIDED]
        missing = 0 if due is None else due.amount_minor - _sum(stands)
        if due is not None and missing > 0:
            units = max(0, due.quantity - sum(one.charge.quantity for one in stands))
            more.append(replace(due, amount_minor=missing, quantity=units))
    return Charging(tuple(back), tuple(more))


def _sum(stands: Iterable[Chargeback]) -> int:
    return sum(one.charge.amount_minor for one in stands)
