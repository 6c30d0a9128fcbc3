"""`troth order`: look at orders and act on them, through the API of a running server."""

import json
from typing import Annotated, Any

import httpx
import typer

from troth.cli.client import TIMEOUT_SECONDS, ApiKey, Url, answer_of, headers_of, server_url
from troth.cli.exits import USAGE, Failed
from troth.cli.running import AsJson, settings_of
from troth.cli.terminal import show

app = typer.Typer(help="Orders, through the API of a running server.", no_args_is_help=True)

OrderId = Annotated[str, typer.Argument(help="Its id, or channel:external_id.")]


@app.command("get")
def get(order_id: OrderId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Show an order: where it stands, its lines, what was promised, and the work of the nodes."""
    order = _call("GET", f"/v1/orders/{order_id}", url, api_key)
    show(json.dumps(order, indent=2) if as_json else _whole(order))


@app.command("list")
def list_orders(
    channel: Annotated[str | None, typer.Option(help="Of this channel.")] = None,
    status: Annotated[str | None, typer.Option(help="In this status.")] = None,
    customer: Annotated[str | None, typer.Option(help="Of this customer, by id or mail address.")] = None,
    sku: Annotated[str | None, typer.Option(help="With this SKU.")] = None,
    node: Annotated[str | None, typer.Option(help="With work at this node.")] = None,
    q: Annotated[str | None, typer.Option(help="Any of id, name, mail address, SKU, tracking number.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the newest first.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List orders, the newest first, a line each."""
    filters = {"channel": channel, "status": status, "customer": customer, "sku": sku, "node": node, "q": q}
    query = {name: value for name, value in filters.items() if value is not None} | {"limit": str(limit)}
    page = _call("GET", "/v1/orders", url, api_key, query=query)
    if as_json:
        show(json.dumps(page["items"], indent=2))
        return
    for order in page["items"]:
        show(_line(order))


@app.command("cancel")
def cancel(
    order_id: OrderId,
    reason: Annotated[str, typer.Option(help="Why.")] = "customer_request",
    line: Annotated[list[str] | None, typer.Option(help="Only units of a line, as LINE=QUANTITY; repeatable.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Cancel an order, or units of its lines, as far as they have not left."""
    body: dict[str, Any] = {"reason": reason} | named_units(line)
    order = _call("POST", f"/v1/orders/{order_id}/cancel", url, api_key, body=body)
    show(json.dumps(order, indent=2) if as_json else _line(order))


@app.command("release")
def release(order_id: OrderId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Hand an order over to its nodes now, instead of when the remorse period ends."""
    order = _call("POST", f"/v1/orders/{order_id}/release", url, api_key)
    show(json.dumps(order, indent=2) if as_json else _line(order))


def _call(
    method: str,
    path: str,
    url: str | None,
    key: str | None,
    *,
    query: dict[str, str] | None = None,
    body: dict[str, Any] | None = None,
) -> Any:
    base = server_url(settings_of(), url)
    with httpx.Client(base_url=base, headers=headers_of(key), timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        return answer_of(client.request(method, path, params=query, json=body))


def named_units(texts: list[str] | None) -> dict[str, Any]:
    """The lines of a body that are named as LINE=QUANTITY; nothing where none is."""
    return {"lines": [_units(text) for text in texts]} if texts else {}


def _units(text: str) -> dict[str, Any]:
    line_id, _, quantity = text.rpartition("=")
    if not line_id or not quantity.isdigit():
        raise Failed(f"--line wants LINE=QUANTITY, such as 1=2, not {text}", USAGE)
    return {"line_id": line_id, "quantity": int(quantity)}


def _line(order: dict[str, Any]) -> str:
    total = order["total"]
    return "  ".join(
        (
            order["order_id"],
            f"{order['channel']}:{order['external_id']}",
            order["status"],
            f"{total['amount']} {total['currency']}",
            order["customer"]["name"] or order["customer"]["id"],
        )
    )


def _whole(order: dict[str, Any]) -> str:
    lines = [_line(order), f"  {order['promise']['message']}"]
    lines += [
        f"  line {line['line_id']}: {line['quantity']} x {line['sku']}, {line['status']}" for line in order["lines"]
    ]
    lines += [
        f"  {work['fulfillment_id']} at {work['node']}: {work['method']}"
        f"{' by ' + work['carrier'] if work['carrier'] else ''}, {work['status']}, "
        f"{work['promised_at']['from']} to {work['promised_at']['to']}"
        for work in order["fulfillments"]
    ]
    lines += [f"  hold {hold['hold_id']}: {hold['type']}, {hold['state']}" for hold in order["holds"]]
    return "\n".join(lines)
