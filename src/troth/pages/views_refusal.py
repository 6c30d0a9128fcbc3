"""A refusal as an operator reads it: what it says of itself, then its own facts."""

from typing import Final, assert_never

from troth.model.money import Money
from troth.model.refusals import (
    Busy,
    ContentDiffers,
    FieldFlaw,
    FixOutdated,
    Forbidden,
    Held,
    HoldLimit,
    Invalid,
    KeyReused,
    LiftReserved,
    NotFound,
    NotPossibleNow,
    OverCalled,
    PickupLocked,
    QuoteOutdated,
    Refusal,
    ShortLine,
    StockShort,
    Unauthorized,
    VersionConflict,
    WorkWithdrawn,
)
from troth.pages.views import moment, words

_UNFIT: Final = "It cannot be done as it is entered."
_PREDICATES: Final = ("is ", "must ", "has ", "should ", "needs ")

Told = tuple[str, tuple[str, ...]]
"""A sentence, and facts."""


def tell_refusal(refusal: Refusal) -> Told:
    """The sentence of a refusal, and its facts, one by one.

    >>> tell_refusal(NotPossibleNow("cancel", "shipped"))[1]
    ('Cancel is not possible: it is shipped.',)
    """
    told = _UNFIT if isinstance(refusal, Invalid) else (type(refusal).__doc__ or refusal.code).strip()
    return told, _facts(refusal)


def tell_by_field(refusal: Refusal) -> Told:
    """The same, with each flaw that says something of its field under the field's name.

    >>> tell_by_field(Invalid((FieldFlaw("/parameters/units", "must not be empty"),)))[1]
    ('Units must not be empty.',)
    """
    if not isinstance(refusal, Invalid):
        return tell_refusal(refusal)
    named = (
        f"{words(found.pointer.rpartition('/')[2])} {found.detail}."
        if found.detail.startswith(_PREDICATES)
        else f"{words(found.detail)}."
        for found in refusal.flaws
    )
    return tell_refusal(refusal)[0], tuple(named)


def flaw(detail: str) -> Told:
    """The same for a form that does not say enough to ask for anything."""
    return tell_refusal(Invalid((FieldFlaw("", detail),)))


def _facts(refusal: Refusal) -> tuple[str, ...]:
    match refusal:
        case StockShort():
            return tuple(map(_short, refusal.lines))
        case Invalid():
            return tuple(f"{words(found.detail)}." for found in refusal.flaws)
        case NotFound():
            return (f"There is no {refusal.what} {refusal.id}.",)
        case ContentDiffers():
            return (f"It is known as {refusal.order_id}.",)
        case NotPossibleNow():
            possible = f" Possible now: {', '.join(map(_plain, refusal.possible))}." if refusal.possible else ""
            return (f"{words(refusal.what)} is not possible: it is {_plain(refusal.state)}.{possible}",)
        case Held():
            return (f"Its holds: {', '.join(refusal.holds)}.",)
        case FixOutdated():
            return ("Look again at what can be done now.",)
        case LiftReserved():
            return (f"{refusal.hold_id} is lifted by {', '.join(map(_plain, refusal.roles))}.",)
        case VersionConflict():
            return (f"Expected version {refusal.expected}, found {refusal.found}.",)
        case Busy():
            tried = (f"It was tried {refusal.attempts} times.",) if refusal.attempts else ()
            return (*tried, f"Try again in {refusal.retry_seconds} s.") if refusal.retry_seconds > 1 else tried
        case HoldLimit():
            return (f"{refusal.asked} are asked, {refusal.held} are kept already, and {refusal.units_max} may be.",)
        case OverCalled():
            return _over_called(refusal)
        case WorkWithdrawn():
            return (f"{refusal.fulfillment_id} at {refusal.node} is {words(refusal.state).lower()}.",)
        case PickupLocked():
            return (f"No code is looked at until {moment(refusal.locked_until)} UTC.",)
        case QuoteOutdated():
            return ("Quote it again to see what can be had now.",)
        case Forbidden():
            return (f"It needs {refusal.scope}.",)
        case KeyReused() | Unauthorized():
            return ()
        case _:
            assert_never(refusal)


def _short(line: ShortLine) -> str:
    later = f", at the earliest {moment(line.available_at)}" if line.available_at else ""
    return (
        f"Line {line.line_id} ({line.sku}): {line.quantity} asked, {line.available_quantity} could be promised{later}"
        f" ({_plain(line.reason)})."
    )


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _over_called(refusal: OverCalled) -> tuple[str, ...]:
    facts = tuple(f"{one.sku}: {one.quantity} called off, {one.remaining} left." for one in refusal.lines)
    if refusal.value_minor is None or refusal.remaining_minor is None:
        return facts
    asked, left = Money(refusal.value_minor, refusal.currency), Money(refusal.remaining_minor, refusal.currency)
    return (*facts, f"{asked.amount} {asked.currency} called off, {left.amount} {left.currency} left.")
