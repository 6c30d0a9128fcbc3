"""The slip that goes with goods that are mailed: what is in the parcel, where it goes, and the name of the return."""

from html import escape
from typing import Final

from troth.engine.carriage.network import Network
from troth.model.measure import shown
from troth.model.network import Address
from troth.model.order import Order
from troth.model.returns import Return

_STYLE: Final = (
    "body{font:14px/1.4 sans-serif;margin:2cm;max-width:16cm}h1{font:700 26px/1.2 monospace;letter-spacing:1px}"
    "address{font-style:normal;border:1px solid;padding:1em;margin:1em 0;white-space:pre-line}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;border-bottom:1px solid;padding:.3em .6em .3em 0}"
)


def render_slip(order: Order, one: Return, network: Network) -> str:
    """The slip of a return, as a whole page that loads nothing; of a node that is no longer there only its name."""
    at = None if one.node is None else network.index.get(one.node)
    node = None if at is None else network.nodes[at]
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
