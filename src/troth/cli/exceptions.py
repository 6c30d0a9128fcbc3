"""`troth exception`: what needs a person and what can be done about it, through the API of a running server."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from troth.cli.client import ApiKey, Url
from troth.cli.documents import call
from troth.cli.running import AsJson
from troth.cli.terminal import show

app = typer.Typer(help="What needs a person, through the API of a running server.", no_args_is_help=True)

ExceptionId = Annotated[str, typer.Argument(help="Its id, as the list shows it.")]


@app.command("list")
def list_exceptions(
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    node: Annotated[str | None, typer.Option(help="Of orders with work at this node.")] = None,
    sku: Annotated[str | None, typer.Option(help="About this SKU.")] = None,
    owner: Annotated[str | None, typer.Option(help="That this person or team looks after; `nobody`: nobody.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, what is at risk most first.")] = 20,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List what needs a person, what is at risk most first, a line each."""
    filters = {"kind": kind, "node": node, "sku": sku, "owner": owner}
    query = {name: value for name, value in filters.items() if value is not None} | {"limit": str(limit)}
    page = call("GET", "/v1/exceptions", url, api_key, query=query)
    if as_json:
        show(json.dumps(page, indent=2))
        return
    for one in page["items"]:
        show(_line(one))
    counted = ", ".join(f"{count} {name}" for name, count in page["counts"].items())
    show(f"open: {counted or 'nothing'}")


@app.command("show")
def show_exception(exception_id: ExceptionId, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Show one exception with what can be done about it now."""
    found = call("GET", f"/v1/exceptions/{quote(exception_id, safe='')}", url, api_key)
    if as_json:
        show(json.dumps(found, indent=2))
        return
    one = found["exception"]
    show("\n".join([_line(one), f"  {one['explanation']}", *map(_fix, found["fixes"])]))


@app.command("fix")
def fix(
    exception_id: ExceptionId,
    fix_id: Annotated[str, typer.Argument(help="The fix, as `troth exception show` names it.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "",
    expected_at: Annotated[
        str | None, typer.Option(help="When supply comes, where it is rescheduled to another time than is proposed.")
    ] = None,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Carry out a fix, if it still would do what was shown."""
    path = f"/v1/exceptions/{quote(exception_id, safe='')}"
    looked = call("GET", path, url, api_key)
    version = next((one["version"] for one in looked["fixes"] if one["fix_id"] == fix_id), looked["version"] or 1)
    body = {"version": version, "reason": reason} | ({} if expected_at is None else {"expected_at": expected_at})
    done = call("POST", f"{path}/fixes/{quote(fix_id, safe='')}", url, api_key, body=body)
    by = f", there by {done['promised_at']}" if done["promised_at"] else ""
    what = "what says when it comes" if done["order_id"] is None else f"order {done['order_id']}"
    show(f"{done['kind']}: {what} is at version {done['version']}{by}")


def _line(one: dict[str, Any]) -> str:
    risk = one["at_risk"]
    order = one["external_id"] or one["subject"]
    due = f", due {one['due_at']}" if one["due_at"] else ""
    owner = f", {one['owner']}" if one["owner"] else ""
    return f"{one['exception_id']}  {one['kind']}  {order}  {risk['amount']} {risk['currency']}{due}{owner}"


def _fix(fix: dict[str, Any]) -> str:
    cost, price = fix["cost_difference"], fix["price_difference"]
    by = f" by {fix['promised_at']}" if fix["promised_at"] else ""
    part = "" if fix["is_whole"] else ", a part of it"
    detail = f" ({fix['detail']})" if fix["detail"] else ""
    money = f"cost {cost['amount']} {cost['currency']}, price {price['amount']} {price['currency']}"
    return f"  {fix['fix_id']}: {fix['says']}{detail}{by}; {money}{part}"
