"""What a customer chooses by a link of a notification: one thing, once, while there is time, through the same commands
as anybody else, as a customer. Looking at a link does nothing.

What is chosen is written down before it is done: whoever dies in between goes on with the same, and nobody can choose
something else meanwhile.
"""

from enum import StrEnum
from typing import Final

from troth.flows.door.requests import Accepted, Answer, Key, Outcome, Request
from troth.flows.door.system import System
from troth.flows.orders.cancel import prepare_cancel
from troth.flows.orders.change import ChangeContent, prepare_change
from troth.flows.telling.links import CHOOSE, OPT_OUT, Link, read_link
from troth.flows.telling.media import Letter, Offer
from troth.model.change import SetMethod
from troth.model.choice import ChoiceKind
from troth.model.commands import Command, LineQuantity
from troth.model.ids import LineId
from troth.model.notification_events import ChoiceMade
from troth.model.order import Method, Order
from troth.model.permissions import By
from troth.model.refusals import Invalid
from troth.model.status import promise_of
from troth.model.value import dataclass
from troth.store.database import transaction
from troth.store.events import append_event
from troth.store.notifications import Notification, read_notification
from troth.store.opt_outs import (
    MadeChoice,
    begin_choice,
    end_choice,
    read_choice,
    read_link_secret,
    undo_choice,
    write_opt_out,
)
from troth.store.orders import read_orders

ACTOR: Final = "customer"
"""Who acts, in the log, where a customer follows a link."""
_REASON: Final = "chosen by the customer"
_DONE: Final = Answer(200, b"")


class Chosen(StrEnum):
    """What became of it: it is or can be done, it was before, something else was, there is no time left, or it cannot
    be had any more.
    """

    OPEN = "open"
    DONE = "chosen"
    BEFORE = "chosen_before"
    OVER = "choice_over"
    REFUSED = "choice_refused"


@dataclass(frozen=True, slots=True)
class Choosable:
    """What a link lets somebody choose, of which letter and order, and whether they still can."""

    notification: Notification
    letter: Letter
    order: Order
    offer: Offer
    standing: Chosen


@dataclass(frozen=True, slots=True)
class Stoppable:
    """What a link lets somebody be told no more."""

    notification: Notification
    letter: Letter


async def find_choosable(system: System, token: str) -> Choosable | None:
    """What a link is about, and how that stands; None where it is none of ours."""
    found = await _find(system, token, CHOOSE)
    if found is None:
        return None
    link, notification, letter = found
    offer = next((one for one in letter.choices if one.number == link.number), None)
    async with system.pool.acquire() as connection:
        order = (await read_orders(connection, [notification.order_id])).get(notification.order_id)
        made = await read_choice(connection, notification.order_id, notification.notification_id)
    if offer is None or order is None:
        return None
    standing = _standing(made, offer)
    if standing is Chosen.OPEN and link.until is not None and system.door.now() >= link.until:
        standing = Chosen.OVER
    return Choosable(notification, letter, order, offer, standing)


async def choose(system: System, token: str) -> tuple[Choosable, Chosen] | None:
    """Do what a link offers, unless it is done, or cannot be any more; None where it is none of ours."""
    found = await find_choosable(system, token)
    if found is None:
        return None
    if found.standing is not Chosen.OPEN:
        return found, found.standing
    order_id, name = found.order.order_id, found.notification.notification_id
    now = system.door.now()
    async with transaction(system.pool) as connection:
        is_first = await begin_choice(connection, order_id, name, found.offer.number, now)
        made = None if is_first else await read_choice(connection, order_id, name)
    if made is not None and _standing(made, found.offer) is not Chosen.OPEN:
        return found, _standing(made, found.offer)
    if not await _do(system, found):
        async with transaction(system.pool) as connection:
            await undo_choice(connection, order_id, name, found.offer.number)
        return found, Chosen.REFUSED
    now = system.door.now()
    async with transaction(system.pool) as connection:
        if await end_choice(connection, order_id, name, found.offer.number, now):
            event = ChoiceMade(name, found.offer.kind, found.offer.lines, now)
            await append_event(connection, event, subject=order_id, at=now, actor=ACTOR)
    return found, Chosen.DONE


async def find_stoppable(system: System, token: str) -> Stoppable | None:
    """What a link lets somebody be told no more; None where it is none of ours."""
    found = await _find(system, token, OPT_OUT)
    return None if found is None else Stoppable(found[1], found[2])


async def stop_telling(system: System, token: str) -> Stoppable | None:
    """Send no more of the kind to whom the link was sent; None where it is none of ours."""
    found = await find_stoppable(system, token)
    if found is not None:
        async with transaction(system.pool) as connection:
            await write_opt_out(
                connection,
                found.letter.to,
                found.letter.medium,
                found.letter.kind,
                because="link",
                at=system.door.now(),
                said_by=ACTOR,
            )
    return found


async def _find(system: System, token: str, purpose: str) -> tuple[Link, Notification, Letter] | None:
    async with system.pool.acquire() as connection:
        link = read_link(token, await read_link_secret(connection))
        if link is None or link.purpose != purpose:
            return None
        notification = await read_notification(connection, link.notification_id)
    if notification is None or not notification.letter:
        return None
    return link, notification, notification.read_letter(Letter)


def _standing(made: MadeChoice | None, offer: Offer) -> Chosen:
    """How a choice stands, of which this was recorded. What was begun and is not known to be done may go on."""
    if made is None or (made.choice == offer.number and made.done_at is None):
        return Chosen.OPEN
    return Chosen.DONE if made.choice == offer.number else Chosen.BEFORE


async def _do(system: System, found: Choosable) -> bool:
    """Let the command that a choice stands for be decided, once; False where it is refused."""
    if found.offer.kind is ChoiceKind.KEEP:
        return _is_kept(found)
    commands = await _commands(system, found)
    if commands is None:
        return False
    key = Key(f"choice-{found.notification.notification_id}", str(found.offer.number))
    request = Request(commands, ACTOR, found.notification.notification_id, key=key, answer=_answer)
    result = await system.door.submit(request)
    return result.answer is not None and result.answer.status == _DONE.status


def _is_kept(found: Choosable) -> bool:
    """Whether what a customer agrees to is still promised, or something sooner."""
    at = found.offer.promised_at
    promised = [promise_of(found.order, one.line_id) for one in found.offer.lines]
    return found.order.canceled_at is None and (at is None or all(one is not None and one <= at for one in promised))


def _answer(outcomes: tuple[Outcome, ...]) -> Answer:
    return _DONE if all(isinstance(outcome, Accepted) for outcome in outcomes) else Answer(409, b"")


async def _commands(system: System, found: Choosable) -> tuple[Command, ...] | None:
    """The command of a choice, as a customer's; None where what it was about is there no longer."""
    offer, order = found.offer, found.order
    if offer.kind is ChoiceKind.CANCEL:
        lines = tuple(LineQuantity(one.line_id, one.quantity) for one in offer.lines)
        cancel = prepare_cancel(order.order_id, reason=_REASON, lines=lines, by=By.CUSTOMER)
        return None if isinstance(cancel, Invalid) else (cancel,)
    if offer.kind is not ChoiceKind.PICKUP or offer.node is None:
        return None
    named: list[LineId | None] = [one.line_id for one in offer.lines] or [None]
    actions = tuple(SetMethod(Method.PICKUP, offer.node, "", line_id) for line_id in named)
    change = await prepare_change(system, order, ChangeContent(actions, _REASON, by=By.CUSTOMER))
    return None if isinstance(change, Invalid) else (change,)
