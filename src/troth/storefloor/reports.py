"""What the forms of a work report, as commands."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from starlette.datastructures import FormData

from troth.engine.pickups.decide import put_back_keys
from troth.model.accuracy import NOT_FOUND_REASONS
from troth.model.commands import (
    AcceptRecall,
    AcceptWork,
    CollectWork,
    FulfillmentCommand,
    LineQuantity,
    PackWork,
    PickWork,
    RecallCommand,
    ReceiveWork,
    RefuseRecall,
    RejectWork,
    ShipWork,
    StageWork,
    UnacceptWork,
    UnpackWork,
    UnpickWork,
    UnstageWork,
)
from troth.model.ids import LineId
from troth.model.kits import begun_units, kits_of
from troth.model.money import parse_money
from troth.model.order import Fulfillment, Order, Package
from troth.model.pickup import Arrival, PaidAtCounter
from troth.model.pickup_moves import (
    ExtendPickup,
    ForgetArrival,
    NameCollector,
    PickupCommand,
    PutBackPickup,
    TellArrival,
)
from troth.model.status import live_allocations
from troth.pages.asking import text
from troth.storefloor.cartons import read_packages

REASONS: Final[Mapping[str, str]] = {
    "not_found": "Nothing of it is here",
    "damaged": "It is damaged",
    "too_busy": "Too much to do",
    "closed": "The store is closed",
    "other": "Something else",
}
"""Why a store gives work back, and how it says so."""

Report = FulfillmentCommand | RecallCommand | PickupCommand
Make = Callable[[FormData, Order, Fulfillment, datetime], Report]


def make_report(step: str, form: FormData, order: Order, work: Fulfillment, at: datetime) -> Report | None:
    """The command that a form of a work asks for; None where there is no such step."""
    make = _MAKE.get(step)
    return None if make is None else make(form, order, work, at)


def _reject(form: FormData, order: Order, work: Fulfillment, at: datetime) -> Report:
    """What is not there is told as a pick that found nothing: so the books follow, the shelf is put on the list of
    what to count, and the units are sourced elsewhere, all at once. Any other reason says nothing of the stock.
    """
    reason = text(form, "reason") or "other"
    if reason not in NOT_FOUND_REASONS:
        return RejectWork(work.fulfillment_id, reason, at=at)
    lines = tuple(LineQuantity(line_id, 0, reason) for line_id in _units(order, work))
    return PickWork(work.fulfillment_id, lines, at)


def _pack(form: FormData, order: Order, work: Fulfillment, at: datetime) -> Report:
    decimals = {line.line_id: line.decimals for line in order.lines}
    return PackWork(work.fulfillment_id, read_packages(form, _units(order, work), decimals), at)


def _ship(form: FormData, order: Order, work: Fulfillment, at: datetime) -> Report:
    carrier, one = text(form, "carrier", length_max=64), text(form, "tracking_number", length_max=64)
    names = [package.package_id for package in work.packages] or ["1"]
    numbers = {name: text(form, f"tracking~{name}", length_max=64) for name in names}
    if len(names) == 1:
        numbers[names[0]] = numbers[names[0]] or one
    if not carrier and not any(numbers.values()):
        return ShipWork(work.fulfillment_id, at=at)
    packages = tuple(
        Package(name, carrier=carrier, service=work.service, tracking_number=number) for name, number in numbers.items()
    )
    return ShipWork(work.fulfillment_id, packages, at)


def _receive(form: FormData, order: Order, work: Fulfillment, at: datetime) -> Report:
    came = tuple(str(name) for name in form.getlist("package"))
    return ReceiveWork(work.fulfillment_id, came, text(form, "staging", length_max=40), at)


def _collect(form: FormData, order: Order, work: Fulfillment, at: datetime) -> Report:
    who = text(form, "collected_by", length_max=200)
    paid = _paid(form, order, work)
    if text(form, "by") == "identity":
        return CollectWork(work.fulfillment_id, who, at, is_identified=True, paid=paid)
    return CollectWork(work.fulfillment_id, who, at, code=text(form, "code", length_max=32), paid=paid)


def _paid(form: FormData, order: Order, work: Fulfillment) -> PaidAtCounter | None:
    """What was paid at the till: the amount that the form asked for, which may no longer be what is due."""
    amount, receipt = text(form, "paid", length_max=24), text(form, "receipt", length_max=64)
    if not amount:
        return None
    try:
        money = parse_money(amount, order.currency)
    except ValueError:
        return PaidAtCounter(-1, order.currency)
    return PaidAtCounter(money.minor, order.currency, text(form, "tender", length_max=20), receipt)


def _units(order: Order, work: Fulfillment) -> dict[LineId, int]:
    parts = [part for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id]
    return begun_units(parts, kits_of(order))


_MAKE: Final[Mapping[str, Make]] = {
    "accept": lambda form, order, work, at: AcceptWork(work.fulfillment_id, at),
    "reject": _reject,
    "pack": _pack,
    "ready": lambda form, order, work, at: StageWork(work.fulfillment_id, text(form, "staging", length_max=40), at),
    "ship": _ship,
    "receive": _receive,
    "collect": _collect,
    "put-back": lambda form, order, work, at: PutBackPickup(work.fulfillment_id, put_back_keys(order, work), at),
    "here": lambda form, order, work, at: TellArrival(
        work.fulfillment_id, Arrival.HERE, bay=text(form, "bay", length_max=40), at=at
    ),
    "not-here": lambda form, order, work, at: ForgetArrival(work.fulfillment_id),
    "collector": lambda form, order, work, at: NameCollector(
        work.fulfillment_id, text(form, "collector", length_max=200)
    ),
    "extend": lambda form, order, work, at: ExtendPickup(work.fulfillment_id, reason="asked for at the store"),
    "unaccept": lambda form, order, work, at: UnacceptWork(work.fulfillment_id, text(form, "reason"), at),
    "unpick": lambda form, order, work, at: UnpickWork(work.fulfillment_id, text(form, "reason"), at),
    "unpack": lambda form, order, work, at: UnpackWork(work.fulfillment_id, text(form, "reason"), at),
    "unstage": lambda form, order, work, at: UnstageWork(work.fulfillment_id, text(form, "reason"), at),
    "accept-recall": lambda form, order, work, at: AcceptRecall(work.fulfillment_id, "given back in the store"),
    "refuse-recall": lambda form, order, work, at: RefuseRecall(work.fulfillment_id, text(form, "reason")),
}
