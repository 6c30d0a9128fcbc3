"""What the forms of the page do: the same commands as everybody's, by the customer, of the order as they saw it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from troth.flows.door.expected import Expected
from troth.flows.door.requests import Accepted, Request
from troth.flows.door.system import System
from troth.flows.orders.cancel import prepare_cancel
from troth.flows.orders.change import ChangeContent, prepare_change
from troth.flows.places.places import locate
from troth.model.change import SetAddress
from troth.model.commands import Command, LineQuantity
from troth.model.events import RecallRequested
from troth.model.ids import LineId
from troth.model.network import Address
from troth.model.order import Order
from troth.model.permissions import By
from troth.model.refusals import Busy, Invalid, Refusal, StockShort, VersionConflict

ACTOR: Final = "customer"
"""Who acts, in the log, where a customer does so on the page."""
REASON: Final = "wished by the customer"
_TEXT_MAX: Final = 200
FIELDS: Final = ("name", "line1", "line2", "city", "region", "postcode", "country")
_REQUIRED: Final = ("line1", "city", "country")

Told = tuple[str, str]
"""The name of a text, and that of the field that it is about (empty: of none)."""
Form = Mapping[str, str]


async def cancel(system: System, order: Order, form: Form) -> Told:
    """Cancel a line, or units of it, or the whole order."""
    lines: tuple[LineQuantity, ...] = ()
    if form.get("line"):
        line = next((one for one in order.lines if one.line_id == form["line"]), None)
        quantity = _number(form.get("quantity", ""))
        if line is None or quantity is None:
            return "not_fitting", "quantity"
        lines = (LineQuantity(LineId(line.line_id), quantity, REASON),)
    command = prepare_cancel(order.order_id, reason=REASON, lines=lines, by=By.CUSTOMER)
    return await _submit(system, order, form, command, "did_cancel")


async def readdress(system: System, order: Order, form: Form) -> Told:
    """Let the goods go to another address."""
    given = {name: " ".join(form.get(name, "").split())[:_TEXT_MAX] for name in FIELDS}
    missing = next((name for name in _REQUIRED if not given[name]), None)
    if missing is not None:
        return "not_fitting", missing
    address = locate(
        Address(
            given["country"].upper(),
            name=given["name"],
            line1=given["line1"],
            line2=given["line2"],
            city=given["city"],
            region=given["region"],
            postcode=given["postcode"],
        )
    )
    content = ChangeContent((SetAddress(address),), REASON, _number(form.get("version", "")), By.CUSTOMER)
    command = await prepare_change(system, order, content)
    return await _submit(system, order, form, command, "did_address")


async def _submit(system: System, order: Order, form: Form, command: Command | Invalid, done: str) -> Told:
    """Send a command of the order as the customer saw it."""
    if isinstance(command, Invalid):
        return _unfitting(command)
    version = _number(form.get("version", ""))
    if version is None:
        return "was_changed", ""
    request = Request((command,), ACTOR, "tracking page", expected=Expected(frozenset({version})))
    (outcome,) = (await system.door.submit(request)).outcomes
    if not isinstance(outcome, Accepted):
        return _refused(outcome)
    if not outcome.decision.events:
        return "did_nothing", ""
    is_asked = any(isinstance(event, RecallRequested) for _, event in outcome.decision.events)
    return "did_ask" if is_asked else done, ""


def _refused(refusal: Refusal) -> Told:
    match refusal:
        case VersionConflict():
            return "was_changed", ""
        case Busy():
            return "try_again", ""
        case Invalid():
            return _unfitting(refusal)
        case StockShort():
            return "not_there", ""
        case _:
            return "not_possible", ""


def _unfitting(refusal: Invalid) -> Told:
    """Which field does not fit: what is said of it is for whoever writes requests, and in English."""
    field = refusal.flaws[0].pointer.rpartition("/")[2]
    return ("not_fitting", field) if field in FIELDS else ("not_possible", "")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0 else None


ACTIONS: Final[Mapping[str, Callable[[System, Order, Form], Awaitable[Told]]]] = {
    "cancel": cancel,
    "address": readdress,
}
"""What can be done, by the last part of the address."""
