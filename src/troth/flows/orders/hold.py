"""Holding an order: what is asked becomes a hold of a type that there is, on the terms of its type."""

from dataclasses import replace
from datetime import datetime

from troth.engine.policies.holds_in_force import ends_at
from troth.flows.door.system import System
from troth.model.commands import PlaceHold
from troth.model.hold_terms import AtEnd, Block
from troth.model.ids import OrderId
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class HoldContent:
    """A hold as it is asked for; what is left out (None) is as its type says."""

    type: str
    reason: str = ""
    expires_at: datetime | None = None
    owner: str | None = None
    blocks: tuple[Block, ...] | None = None
    at_end: AtEnd | None = None
    escalate_to: str | None = None


def prepare_hold(system: System, order_id: OrderId, content: HoldContent) -> PlaceHold | Invalid:
    """The command that places a hold, or what does not fit together."""
    now = system.door.now()
    known = system.door.reference.holds_at(now).types
    type_ = known.get(content.type)
    if type_ is None:
        return Invalid((FieldFlaw("/type", f"there is no type {content.type}; there are {', '.join(sorted(known))}"),))
    terms = type_.terms
    expires_at = content.expires_at or ends_at(type_, now)
    at_end = terms.at_end if content.at_end is None else content.at_end
    flaws = []
    if content.blocks is not None and not content.blocks:
        flaws.append(FieldFlaw("/blocks", "must name something: a hold that blocks nothing is none"))
    if content.at_end not in (None, AtEnd.LIFT) and expires_at is None:
        flaws.append(FieldFlaw("/expires_at", f"is required where the clock shall {content.at_end}"))
    if content.escalate_to and at_end is not AtEnd.ESCALATE:
        flaws.append(FieldFlaw("/escalate_to", "has no meaning unless at_end is escalate"))
    owner = terms.owner if content.owner is None else content.owner
    escalate_to = terms.escalate_to if content.escalate_to is None else content.escalate_to
    if at_end is AtEnd.ESCALATE and not (escalate_to or owner):
        flaws.append(FieldFlaw("/escalate_to", "is required: nobody is named to whom it goes when its time is over"))
    if flaws:
        return Invalid(tuple(flaws))
    terms = replace(
        terms,
        owner=owner,
        blocks=terms.blocks if content.blocks is None else tuple(dict.fromkeys(content.blocks)),
        at_end=at_end,
        escalate_to=escalate_to,
    )
    return PlaceHold(order_id, content.type, content.reason, expires_at, terms)
