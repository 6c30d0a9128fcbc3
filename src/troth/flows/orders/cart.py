"""Carts: keeping what a quote promises for a customer who is still choosing."""

import secrets

from troth.flows.door.requests import Accepted
from troth.flows.door.system import System
from troth.model.capture_order import CaptureOrder
from troth.model.cart_hold import CartHold
from troth.model.commands import EndCartHold, ExtendCartHold, HoldCart
from troth.model.ids import CartHoldId
from troth.model.plan import Plan
from troth.model.refusals import NotFound, Refusal
from troth.store.cart_holds import read_cart_hold


async def hold_cart(
    system: System, asked: CaptureOrder, hold_seconds: int, *, actor: str
) -> tuple[CartHold, Plan] | Refusal:
    """A hold of all that is asked for so many seconds, with the plan that it keeps.

    It keeps this instead of what it kept where `asked` names a hold.
    """
    hold_id = asked.cart_hold or CartHoldId(f"C-{secrets.token_hex(10)}")
    outcome = await system.door.one(HoldCart(hold_id, asked, hold_seconds, system.cart_units_max), actor=actor)
    if not isinstance(outcome, Accepted):
        return outcome
    if outcome.decision.plan is None:
        raise RuntimeError(f"hold {hold_id} has no plan")
    return outcome.decision.cart_holds[0], outcome.decision.plan


async def extend_hold(system: System, hold_id: CartHoldId, hold_seconds: int, *, actor: str) -> CartHold | Refusal:
    """The hold, kept until so many seconds from now."""
    return await _changed(system, ExtendCartHold(hold_id, hold_seconds), actor)


async def give_up_hold(system: System, hold_id: CartHoldId, *, actor: str) -> CartHold | Refusal:
    """The hold, ended; its units are free."""
    return await _changed(system, EndCartHold(hold_id), actor)


async def read_hold(system: System, hold_id: CartHoldId) -> CartHold | NotFound:
    """The hold as it is."""
    async with system.pool.acquire() as connection:
        return await read_cart_hold(connection, hold_id) or NotFound("cart hold", hold_id)


async def _changed(system: System, command: ExtendCartHold | EndCartHold, actor: str) -> CartHold | Refusal:
    outcome = await system.door.one(command, actor=actor)
    return outcome.decision.cart_holds[0] if isinstance(outcome, Accepted) else outcome
