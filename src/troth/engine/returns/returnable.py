"""How many units of an order may still come back: what the customer has, less what returns have taken of it."""

from collections.abc import Iterable, Mapping

from troth.model.ids import LineId, ReturnId, Sku
from troth.model.kits import kits_of
from troth.model.lifecycle import GONE, AllocationState
from troth.model.order import Order
from troth.model.returns import CreditKind, Return, ReturnMethod
from troth.model.serials import SerialKey

Place = tuple[LineId, Sku]
"""Units of an order line of one SKU; of a kit, of a component."""

_WITH_CUSTOMER = frozenset({AllocationState.DELIVERED, AllocationState.COLLECTED})


def delivered_units(order: Order, *, with_shipped: bool = False) -> dict[Place, int]:
    """The units that the customer got, by line and SKU; `with_shipped` also those that are on their way."""
    states = GONE if with_shipped else _WITH_CUSTOMER
    units: dict[Place, int] = {}
    for part in order.allocations:
        if part.state in states:
            units[part.line_id, part.sku] = units.get((part.line_id, part.sku), 0) + part.quantity
    return units


def taken_units(order: Order, *, without: ReturnId | None = None) -> dict[Place, int]:
    """The units that returns have taken, by line and SKU: what came, and while a return is open what is to come."""
    units: dict[Place, int] = {}
    for one in order.returns:
        if one.return_id != without:
            for place, count in _taken_by(order, one).items():
                units[place] = units.get(place, 0) + count
    return units


def returnable_units(order: Order, *, with_shipped: bool = False, without: ReturnId | None = None) -> dict[Place, int]:
    """The units that may still come back, by line and SKU; only where there are any."""
    taken = taken_units(order, without=without)
    left = {
        place: count - taken.get(place, 0) for place, count in delivered_units(order, with_shipped=with_shipped).items()
    }
    return {place: count for place, count in left.items() if count > 0}


def unit_places(order: Order, line_id: LineId, sku: Sku, quantity: int) -> dict[Place, int]:
    """The units that a quantity of a line comes to: of a whole kit, those of its components."""
    line = next(line for line in order.lines if line.line_id == line_id)
    kit = kits_of(order).get(line_id, ())
    if kit and sku == line.sku:
        return {(line_id, component): quantity * each for component, each in kit}
    return {(line_id, sku): quantity}


def announced_units(order: Order, one: Return) -> dict[Place, int]:
    """The units that a return announced."""
    units: dict[Place, int] = {}
    for line in one.lines:
        _add(units, unit_places(order, line.line_id, line.sku, line.quantity))
    return units


def received_units(one: Return) -> dict[Place, int]:
    """The units that came back with a return and are of the order."""
    units: dict[Place, int] = {}
    for got in one.received:
        if got.line_id is not None:
            _add(units, {(got.line_id, got.sku): got.quantity})
    return units


def credited_units(order: Order, one: Return) -> dict[Place, int]:
    """The units that a return has credited."""
    units: dict[Place, int] = {}
    for credit in one.credits:
        if credit.kind is CreditKind.UNITS and credit.line_id is not None and credit.sku is not None:
            _add(units, unit_places(order, credit.line_id, credit.sku, credit.quantity))
    return units


def is_settled(order: Order, one: Return) -> bool:
    """Whether nothing more will be credited by itself: a return has ended, or has credited all that it announced."""
    credited = credited_units(order, one)
    return not one.is_open or all(
        credited.get(place, 0) >= count for place, count in announced_units(order, one).items()
    )


def returned_serials(order: Order) -> frozenset[SerialKey]:
    """The serials that came back."""
    return frozenset(key for one in order.returns for key in one.serials)


def whole_count(order: Order, line_id: LineId, units: Mapping[Place, int]) -> int:
    """How many of what a line counts some units make up: of a kit, how many are complete."""
    kit = kits_of(order).get(line_id, ())
    if kit:
        return min(units.get((line_id, component), 0) // each for component, each in kit)
    return sum(count for (line, _sku), count in units.items() if line == line_id)


def _taken_by(order: Order, one: Return) -> Mapping[Place, int]:
    if one.method is ReturnMethod.NONE:
        is_kept = one.kept_minor is not None
        return {} if is_kept or not (one.is_open or one.credits) else announced_units(order, one)
    got = received_units(one)
    if not one.is_open:  # what was credited and never came is not credited again
        credited = credited_units(order, one)
        return {place: max(got.get(place, 0), credited.get(place, 0)) for place in {**got, **credited}}
    announced = announced_units(order, one)
    return {place: max(got.get(place, 0), announced.get(place, 0)) for place in {**announced, **got}}


def _add(units: dict[Place, int], more: Mapping[Place, int]) -> None:
    for place, count in more.items():
        units[place] = units.get(place, 0) + count


def lines_of(places: Iterable[Place]) -> tuple[LineId, ...]:
    """The lines that places are of, each once, in their order."""
    return tuple(dict.fromkeys(line_id for line_id, _sku in places))
