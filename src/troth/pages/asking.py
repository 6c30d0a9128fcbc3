"""Asking the write door from a form: what it refuses is shown where it was asked."""

import secrets
from decimal import Decimal, InvalidOperation
from hashlib import blake2b
from typing import Final

from starlette.datastructures import FormData

from troth.flows.door.requests import Accepted, Answer, Key, Outcome, Request
from troth.model.commands import Command
from troth.model.measure import units_in, why_not_units
from troth.model.money import Money, parse_money
from troth.model.refusals import Refusal
from troth.pages.desk import Visit
from troth.store.codec import encode_bytes

_QUANTITY_MAX: Final = Decimal(10**9)


class Unfit(Exception):
    """A field of a form says nothing that could be asked; the text says which and why."""


def new_key() -> str:
    """The key of one form, so that sending it twice asks once."""
    return secrets.token_urlsafe(12)


async def ask(visit: Visit, form: FormData, command: Command) -> Refusal | None:
    """Have a command decided under the form's key; why not, or None where it happened (now or the first time)."""
    key = text(form, "key") or new_key()
    entrance = visit.desk.entrance.name
    digest = blake2b(encode_bytes(command), digest_size=16).hexdigest()
    result = await visit.system.door.submit(
        Request((command,), visit.actor.name, entrance, Key(f"{entrance}/{key}", digest), _answer)
    )
    outcome = result.outcomes[0] if result.outcomes else None
    return None if outcome is None or isinstance(outcome, Accepted) else outcome


def text(form: FormData, name: str, *, length_max: int = 500) -> str:
    """A field of a form, without the space around it; empty where it is not given."""
    return str(form.get(name, "")).strip()[:length_max]


def whole_number(form: FormData, name: str) -> int | None:
    """A field as a number of units; None where it is empty, and -1 where it is no such number."""
    given = text(form, name)
    if not given:
        return None
    return int(given) if given.isdecimal() and given.isascii() and len(given) <= 9 else -1


def quantity_in(form: FormData, name: str, decimals: int, of: str = "") -> int | None:
    """A field as units of what is sold with so many decimals; None where it is empty or 0, Unfit where it is none."""
    given = text(form, name, length_max=20)
    units = units_of(given, decimals) if given else 0
    if units is None or units < 0:
        raise Unfit(f"the quantity {why_not_units(of, decimals)}" if of else "quantities are numbers, and not below 0")
    return units or None


def amount_in(form: FormData, currency: str) -> Money | None:
    """The amount that is typed; None where none is, Unfit where it is no amount of the currency."""
    given = text(form, "amount", length_max=20)
    try:
        return parse_money(given, currency) if given else None
    except ValueError:
        raise Unfit(f"the amount must be one of {currency}, and is {given}") from None


def units_of(given: str, decimals: int) -> int | None:
    """The units that a quantity is as somebody types it; None where it is none.

    >>> units_of("3", 0), units_of("1.25", 2), units_of("1.5", 0), units_of("many", 0)
    (3, 125, None, None)
    """
    try:
        amount = Decimal(given)
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) > _QUANTITY_MAX:
        return None
    return units_in(int(amount) if amount == amount.to_integral_value() else amount, decimals)


def _answer(outcomes: tuple[Outcome, ...]) -> Answer:
    return Answer(303 if isinstance(outcomes[0], Accepted) else 409, b"")
