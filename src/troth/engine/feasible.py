"""What an order names that is not there, or that nobody could do whatever the stock: each said of its own field."""

from collections.abc import Iterator

from troth.engine.demand.line_terms import find_kit_flaws
from troth.engine.promising.context import Facts
from troth.model.capture_order import CaptureOrder
from troth.model.ids import NodeId
from troth.model.order import Method, Terms
from troth.model.refusals import FieldFlaw
from troth.model.seller import SELLER_NODE

_HANDED_OVER = frozenset({Method.PICKUP, Method.CURBSIDE})


def find_unknown(command: CaptureOrder, facts: Facts) -> tuple[FieldFlaw, ...]:
    """The fields that name an item, a node or a service which is not there, or a node that hands nothing over."""
    items = facts.items
    flaws = [
        FieldFlaw(f"/lines/{position}/sku", f"there is no item {line.sku}")
        for position, line in enumerate(command.lines)
        if line.sku not in items
    ]
    seller = command.attributes.get(SELLER_NODE, "")
    if seller and seller not in facts.network.index:
        flaws.append(FieldFlaw(f"/attributes/{SELLER_NODE}", f"there is no node {seller}"))
    flaws += find_way_flaws("", command.method, command.pickup_node, command.service, facts)
    for position, line in enumerate(command.lines):
        if line.terms is not None:
            flaws += _line_flaws(f"/lines/{position}", command, line.terms, facts)
    return (*flaws, *find_kit_flaws(command.lines, items))


def find_late(command: CaptureOrder, facts: Facts) -> Iterator[FieldFlaw]:
    """The lines that are needed before now, or are to be canceled already."""
    for position, line in enumerate(command.lines):
        if line.terms is not None and line.terms.cancel_after is not None and line.terms.cancel_after <= facts.now:
            yield FieldFlaw(f"/lines/{position}/cancel_after", "has passed: nothing can be there by then")
        if line.need_by is not None and line.need_by <= facts.now:
            yield FieldFlaw(f"/lines/{position}/need_by", "has passed: nothing can be there by then")


def _line_flaws(pointer: str, command: CaptureOrder, terms: Terms, facts: Facts) -> Iterator[FieldFlaw]:
    if terms.only_from is not None and terms.only_from not in facts.network.index:
        yield FieldFlaw(f"{pointer}/only_from", f"there is no node {terms.only_from}")
    if terms.method is None and terms.pickup_node is None and terms.service is None:
        return
    method = terms.method or command.method
    yield from find_way_flaws(pointer, method, terms.pickup_node, terms.service or "", facts)


def find_way_flaws(
    pointer: str, method: Method, pickup_node: NodeId | None, service: str, facts: Facts
) -> Iterator[FieldFlaw]:
    """The fields of a way to have it that name a node or a service which is not there, or not so."""
    network = facts.network
    if pickup_node is not None:
        at = network.index.get(pickup_node)
        if at is None:
            yield FieldFlaw(f"{pointer}/pickup_node", f"there is no node {pickup_node}")
        elif method in _HANDED_OVER and not network.is_pickup[at]:
            off = network.nodes[at].off
            why = "hands nothing over to customers" if off is None else off.tell()
            yield FieldFlaw(f"{pointer}/pickup_node", f"{pickup_node} {why}")
        elif method is Method.CURBSIDE and network.nodes[at].locker is not None:
            yield FieldFlaw(f"{pointer}/pickup_node", f"{pickup_node} is a locker, which brings nothing to the curb")
    if service and method not in _HANDED_OVER:
        offered = list(dict.fromkeys(card.service for card in network.offer(method).cards))
        if service not in offered:
            names = ", ".join(offered) or "none"
            yield FieldFlaw(f"{pointer}/service", f"no {service} is offered for method {method}; offered: {names}")
