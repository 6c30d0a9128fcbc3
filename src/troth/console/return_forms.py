"""What the forms of returns say, as values; Unfit where a field says nothing that could be done."""

from collections.abc import Iterator, Mapping
from datetime import date

from starlette.datastructures import FormData

from troth.flows.orders.returns import ReplacedLine, Replacement, ReturnContent
from troth.model.ids import LineId, NodeId, Sku
from troth.model.item import Item
from troth.model.lifecycle import Disposition
from troth.model.order import Order
from troth.model.return_moves import ArrivedUnits, AskedUnits, JudgedUnits
from troth.model.returns import Return, ReturnKind, ReturnMethod
from troth.pages.asking import Unfit, amount_in, quantity_in, text

DISPOSITIONS: tuple[str, ...] = tuple(disposition.value for disposition in Disposition)
OTHER = "other"
"""What names the fields of an item that nobody announced."""

_UNITS, _REPLACED = "units", "replace"


def replaced_skus(form: FormData) -> set[Sku]:
    """The items that are to be sent instead, as they are typed."""
    named = {text(form, name, length_max=64) for name in form if name.startswith(f"{_REPLACED}:")}
    return {Sku(sku) for sku in named if sku}


def content_in(form: FormData, order: Order, items: Mapping[Sku, Item]) -> ReturnContent:
    """The return, the claim or the exchange that the form asks for; `items` are those that are to be sent instead."""
    lines: list[AskedUnits] = []
    kinds: set[ReturnKind] = set()
    replaced: list[ReplacedLine] = []
    for place, line_id, sku in _places(form, _UNITS):
        units = quantity_in(form, f"{_UNITS}:{place}", _decimals(order, line_id))
        if units is None:
            continue
        kind, _, reason = text(form, f"reason:{place}", length_max=100).rpartition(":")
        kinds.add(ReturnKind.CLAIM if kind == ReturnKind.CLAIM else ReturnKind.RETURN)
        lines.append(AskedUnits(line_id, units, reason, sku, tuple(text(form, f"serials:{place}").split())))
        replaced += _replaced(form, place, line_id, items)
    if not lines:
        raise Unfit("say how many units of which line come back")
    if len(kinds) > 1:
        raise Unfit("a return and a claim are opened one after the other")
    method = text(form, "method")
    if method not in set(ReturnMethod):
        raise Unfit("say how it comes back")
    node = "" if method == ReturnMethod.NONE else text(form, "node", length_max=64)
    return ReturnContent(
        order.order_id,
        tuple(lines),
        ReturnMethod(method),
        NodeId(node) if node else None,
        kinds.pop(),
        amount_in(form, order.currency),
        Replacement(tuple(replaced), bool(text(form, "advance"))) if replaced else None,
        bool(text(form, "without_receipt")),
        text(form, "exception"),
    )


def arrived_in(form: FormData, order: Order, items: Mapping[Sku, Item]) -> tuple[ArrivedUnits, ...]:
    """The units that a form says have arrived; `items` has what came beside what was announced."""
    found = []
    for place, line_id, named in _places(form, _UNITS):
        is_other = place == OTHER
        sku = Sku(text(form, OTHER, length_max=64)) if is_other else named
        item = items.get(sku) if is_other and sku else None
        decimals = (0 if item is None else item.decimals) if is_other else _decimals(order, line_id)
        units = quantity_in(form, f"{_UNITS}:{place}", decimals)
        if units is None:
            continue
        if is_other and not sku:
            raise Unfit("another item needs its SKU")
        found.append(
            ArrivedUnits(
                units,
                None if is_other else line_id,
                sku,
                text(form, f"grade:{place}", length_max=100),
                disposition_in(form, f"disposition:{place}"),
                text(form, f"lot:{place}", length_max=64),
                _day(text(form, f"expires_on:{place}"), "the last good day"),
                tuple(text(form, f"serials:{place}").split()),
            )
        )
    if not found:
        raise Unfit("say how many units of which line arrived")
    return tuple(found)


def judged_in(form: FormData, order: Order, one: Return) -> tuple[JudgedUnits, NodeId]:
    """What is said of the units under one number, and where they lie."""
    given = text(form, "number", length_max=9)
    got = next((got for got in one.received if str(got.number) == given), None)
    if got is None:
        raise Unfit("name units that came back")
    units = quantity_in(form, "quantity", 0 if got.line_id is None else _decimals(order, got.line_id))
    grade = text(form, "grade", length_max=100)
    return JudgedUnits(got.number, units or got.quantity, disposition_in(form, "disposition"), grade), got.node


def disposition_in(form: FormData, name: str) -> Disposition | None:
    """What is chosen to be done with units; None: as the rules say."""
    chosen = text(form, name)
    if chosen and chosen not in DISPOSITIONS:
        raise Unfit(f"units cannot go to {chosen}")
    return Disposition(chosen) if chosen else None


def _replaced(form: FormData, place: str, line_id: LineId, items: Mapping[Sku, Item]) -> Iterator[ReplacedLine]:
    """What is sent instead of units of a line: as many of the item that is named, where nothing else is said."""
    sku = Sku(text(form, f"{_REPLACED}:{place}", length_max=64))
    if not sku:
        return
    decimals = items[sku].decimals if sku in items else 0
    units = quantity_in(form, f"replace_units:{place}", decimals)
    if units is None:
        units = quantity_in(form, f"{_UNITS}:{place}", decimals)
    assert units is not None  # the line is named because units of it come back
    yield ReplacedLine(line_id, sku, units)


def _places(form: FormData, field: str) -> Iterator[tuple[str, LineId, Sku | None]]:
    """What the fields of a form are about: the line and, where it is said, the SKU."""
    for name in form:
        head, _, place = name.partition(":")
        if head == field:
            line, _, sku = place.partition("/")
            yield place, LineId(line), Sku(sku) if sku else None


def _decimals(order: Order, line_id: LineId) -> int:
    return next((line.decimals for line in order.lines if line.line_id == line_id), 0)


def _day(given: str, what: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise Unfit(f"{what} is no day: {given}") from None
