"""What does not fit together about the lines of an order that go their own way, or that belong together."""

from collections.abc import Iterable, Sequence

from troth.flows.places.places import country_code
from troth.model.network import Address
from troth.model.order import Method, Terms
from troth.model.refusals import FieldFlaw

_HANDED_OVER = frozenset({Method.PICKUP, Method.CURBSIDE})


def find_terms_flaws(
    terms: Sequence[Terms | None], method: Method, *, is_inquiry: bool, has_address: bool, has_pickup_node: bool
) -> Iterable[FieldFlaw]:
    """What does not fit together, by field; `has_address` and `has_pickup_node` say what the order names itself."""
    members: dict[str, int] = {}
    prices = find_together_prices(terms)
    for one in terms:
        if one is not None and one.ship_together:
            members[one.ship_together] = members.get(one.ship_together, 0) + 1
    for position, one in enumerate(terms):
        if one is None:
            continue
        pointer = f"/lines/{position}"
        own = one.method or method
        if own in _HANDED_OVER:
            if one.ship_to is not None:
                yield FieldFlaw(f"{pointer}/ship_to", f"has no meaning for method {own}")
            if one.service:
                yield FieldFlaw(f"{pointer}/service", f"has no meaning for method {own}")
            if one.pickup_node is None and not has_pickup_node and not is_inquiry:
                yield FieldFlaw(f"{pointer}/pickup_node", f"is required for method {own}")
        else:
            if one.pickup_node is not None:
                yield FieldFlaw(f"{pointer}/pickup_node", f"has no meaning for method {own}")
            if one.ship_to is None and not has_address and one.method is not None:
                yield FieldFlaw(f"{pointer}/ship_to", f"is required for method {own}")
        if one.ship_to is not None:
            yield from _country_flaws(one.ship_to, pointer)
        price = prices.get(one.ship_together)
        if one.together_minor is not None and price is not None and one.together_minor != price:
            detail = f"differs from another line's; {one.ship_together} has one price for all of its lines"
            yield FieldFlaw(f"{pointer}/ship_together_penalty", detail)
        if one.ship_alone and one.ship_together and price is None and members[one.ship_together] > 1:
            yield FieldFlaw(f"{pointer}/ship_alone", f"contradicts that it leaves together with {one.ship_together}")


def find_together_prices(terms: Iterable[Terms | None]) -> dict[str, int]:
    """What each shipment more costs of every group that may be parted (minor units): what its first line with a price
    names is that of all of its lines.
    """
    prices: dict[str, int] = {}
    for one in terms:
        if one is not None and one.ship_together and one.together_minor is not None:
            prices.setdefault(one.ship_together, one.together_minor)
    return prices


def _country_flaws(address: Address, pointer: str) -> Iterable[FieldFlaw]:
    if country_code(address.country) != address.country:
        yield FieldFlaw(f"{pointer}/ship_to/country", f"{address.country} is no ISO 3166 alpha-2 code of a country")
