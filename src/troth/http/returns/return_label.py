"""The slip that goes with goods that are mailed: what is in the parcel, where it goes, and the name of the return."""

from html import escape

from troth.http.edge.body import NoQuery
from troth.http.edge.operations import NO_BODY, Operation, Plain, Shown
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply
from troth.http.returns.return_examples import RETURN_PATH
from troth.http.returns.return_replies import read_visible_return
from troth.http.returns.returns import NO_RETURN
from troth.model.measure import shown
from troth.model.network import Address, Node
from troth.model.order import Order
from troth.model.refusals import NotPossibleNow
from troth.model.returns import Return, ReturnMethod

_STYLE = (
    "body{font:14px/1.4 sans-serif;margin:2cm;max-width:16cm}h1{font:700 26px/1.2 monospace;letter-spacing:1px}"
    "address{font-style:normal;border:1px solid;padding:1em;margin:1em 0;white-space:pre-line}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;border-bottom:1px solid;padding:.3em .6em .3em 0}"
)


async def read_label(call: Plain) -> Reply:
    """The slip as a page that can be printed."""
    order, one = await read_visible_return(call)
    if one.method is not ReturnMethod.MAIL or one.node is None:
        raise Refused(NotPossibleNow("label", f"a return by {one.method}"))
    network = call.system.door.reference.network
    at = network.index.get(one.node)
    node = None if at is None else network.nodes[at]
    page = render_label(order, one, node).encode()
    return Reply(200, page, media_type="text/html; charset=utf-8")


def render_label(order: Order, one: Return, node: Node | None) -> str:
    """The slip of a return to a node (None: it is no longer there), as a whole page that loads nothing."""
    decimals = {line.line_id: line.decimals for line in order.lines}
    rows = "".join(
        f"<tr><td>{escape(line.sku)}</td><td>{shown(line.quantity, decimals[line.line_id])}</td>"
        f"<td>{escape(line.reason.replace('_', ' '))}</td></tr>"
        for line in one.lines
    )
    to = escape(one.node or "") if node is None else _address(node.name, node.address)
    sender = "" if order.ship_to is None else _address(order.customer.name, order.ship_to)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(one.return_id)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(one.return_id)}</h1>"
        f"<p>Return of order {escape(order.external_id)}, to be sent until {one.expires_at:%Y-%m-%d}.</p>"
        f"<h2>To</h2><address>{to}</address><h2>From</h2><address>{sender}</address>"
        f"<table><thead><tr><th>Item</th><th>Units</th><th>Reason</th></tr></thead><tbody>{rows}</tbody></table>"
        "<p>Put this slip into the parcel.</p></body></html>"
    )


def _address(name: str, address: Address) -> str:
    city = " ".join(filter(None, (address.postcode, address.city, address.region)))
    parts = dict.fromkeys((name, address.name, address.line1, address.line2, city, address.country))
    return "\n".join(escape(part) for part in parts if part)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/returns/{return_id}/label",
        name="read_return_label",
        summary="The slip of a return by mail, as a page to be printed",
        tag="returns",
        run=read_label,
        shown=(Shown(200, "A page of HTML"),),
        body=NO_BODY,
        query=NoQuery,
        scope="returns:read",
        refusals=(NO_RETURN, NotPossibleNow("label", "a return by in_store")),
        path_examples=RETURN_PATH,
    ),
)
