"""What would have flipped a choice, in a sentence."""

from typing import Final

from troth.model.explanation import Candidate, Flip
from troth.model.money import Money

_REASONS: Final = {
    "no_stock": "has none of it",
    "out_of_reach": "is too far away",
    "lane_not_served": "has no lane there that is served",
    "service_not_offered": "does not offer the service",
    "no_pickup_there": "hands nothing over",
    "inactive": "is not active",
    "switched_off": "is switched off",
    "feed_late": "has sent no stock feed in time",
    "excluded": "was left out of this decision",
    "item_excluded": "could not provide it before",
    "restricted": "may not send it there",
    "no_capacity": "has no room for it on any day",
    "components_apart": "does not have all of the kit's components",
    "excluded_by_rules": "is barred by rules",
    "too_many_shipments": "would need more shipments than are allowed",
    "ship_together": "does not have all that must leave together",
    "no_service_to_destination": "has no service to the destination",
    "other_node": "is not the one asked for",
}
_SAID: Final = frozenset(
    {"no_capacity", "out_of_reach", "lane_not_served", "service_not_offered", "inactive", "excluded", "item_excluded"}
)
"""Reasons whose detail only names the node again."""

_WEIGHTS: Final = {"split_minor": "With a split penalty of {amount}"}
_OF_DATES: Final = frozenset({"capacity", "cut_off", "processing", "calendar"})
_LIMITS: Final = {"shipments_max": "With {amount} shipments allowed"}


def tell_flip(flip: Flip, currency: str) -> str:
    """A flip in a sentence.

    >>> from troth.model.ids import NodeId, Sku
    >>> tell_flip(Flip("stock", 1, (NodeId("S-212"),), 410, 0, None, NodeId("S-212"), Sku("LAMP")), "USD")
    'One more unit of LAMP at S-212 would have saved 4.10 USD (from S-212).'
    """
    match flip.change:
        case "capacity":
            work = flip.name if flip.amount != 1 else flip.name.removesuffix("s")
            change = f"Room for {flip.amount:,} more {work} at {flip.node} on {flip.day}"
        case "cut_off":
            change = f"A cut-off of {flip.amount // 60:02}:{flip.amount % 60:02} at {flip.node}"
        case "processing":
            minutes = "minute" if flip.amount == 1 else "minutes"
            change = f"Work in {flip.amount:,} {minutes} instead of {flip.amount + flip.size:,} at {flip.node}"
        case "calendar":
            change = f"Work at {flip.node} on {f'{flip.name}s, as' if flip.name else 'the holiday'} {flip.day}"
        case "stock":
            units = "One more unit" if flip.amount == 1 else f"{flip.amount:,} more units"
            change = f"{units} of {flip.sku} at {flip.node}"
        case "cost":
            return f"A shipment from {flip.node} would have to cost {_money(flip.amount, currency)} less to be chosen."
        case "weight":
            change = _WEIGHTS.get(flip.name, f"With {flip.name} at {{amount}}").format(
                amount=_money(flip.amount, currency)
            )
        case "limit":
            change = _LIMITS.get(flip.name, f"With {flip.name} at {{amount}}").format(amount=flip.amount)
        case _:
            change = f"Without the rule “{flip.name}”"
    is_setting = flip.change in ("weight", "limit", "rule")
    return f"{change}{', the plan would have' if is_setting else ' would have'} {_effect(flip, currency)}."


def tell_candidate(candidate: Candidate, total: int, wanted: int, currency: str) -> str:
    """Why a node is not the one, in a few words; `total` is what the plan costs, `wanted` the units asked for.

    >>> from troth.model.ids import NodeId
    >>> tell_candidate(Candidate(NodeId("S-1"), "partial", "no_stock", 2), 700, 3, "USD")
    'has 2 of the 3 units'
    """
    match candidate.standing:
        case "chosen":
            return "chosen"
        case "dearer":
            more = sum(candidate.cost.values()) - total
            counted = f"{_money(candidate.dearer_minor, currency)} dearer"
            return counted if more == candidate.dearer_minor else f"{counted} as the policy weighs it"
        case "behind":
            return _behind(candidate, currency)
        case "partial":
            has = f"has {candidate.units:,} of the {wanted:,} units"
            return has if candidate.reason in ("", "no_stock") else f"{has}: {_reason(candidate)}"
        case "removed":
            return _reason(candidate) + _elsewhere(candidate)


def _behind(candidate: Candidate, currency: str) -> str:
    """Why a node that could do all of it is not the one, though cost alone would not say so."""
    if candidate.reason == "tie":
        return "costs the same; of equals the nearest is taken, and then the first by its id"
    more = candidate.dearer_minor
    told = f" ({_money(abs(more), currency)} {'dearer' if more > 0 else 'cheaper'})" if more else ""
    return (candidate.detail or "no dearer, but worse by what comes before cost") + told


def _reason(candidate: Candidate) -> str:
    if candidate.bars:
        return f"barred by {candidate.detail}"
    told = _REASONS.get(candidate.reason, candidate.reason.replace("_", " "))
    return f"{told} ({candidate.detail})" if candidate.detail and candidate.reason not in _SAID else told


def _elsewhere(candidate: Candidate) -> str:
    """In which tiers a barred node could send something."""
    if not candidate.could_in:
        return ""
    several = len(candidate.could_in) > 1
    return f"; it could send in {'tiers' if several else 'tier'} {', '.join(candidate.could_in)}, which did not answer"


def _effect(flip: Flip, currency: str) -> str:
    told = []
    if flip.adds_units:
        told.append(f"covered {flip.adds_units:,} more {'unit' if flip.adds_units == 1 else 'units'}")
    if flip.saves_minor > 0:
        told.append(f"saved {_money(flip.saves_minor, currency)}")
    elif flip.saves_minor < 0:
        told.append(f"cost {_money(-flip.saves_minor, currency)} more")
    came = f"come from {', '.join(dict.fromkeys(flip.nodes))}"
    if not told and flip.change in _OF_DATES and flip.promised_at is not None:
        return f"been promised for {flip.promised_at:%Y-%m-%d %H:%M} UTC ({came.removeprefix('come ')})"
    return f"{' and '.join(told)} ({came.removeprefix('come ')})" if told else came


def _money(minor: int, currency: str) -> str:
    return f"{Money(minor, currency).amount} {currency}"
