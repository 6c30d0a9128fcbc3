"""`troth recall`: nodes are asked to give released work back, and answer, through the API of a running server."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from troth.cli.client import ApiKey, Url
from troth.cli.documents import Reason, call
from troth.cli.orders import named_units
from troth.cli.running import AsJson
from troth.cli.terminal import show

app = typer.Typer(help="Recalls of released work, through the API of a running server.", no_args_is_help=True)

Work = Annotated[str, typer.Argument(help="The fulfillment's id.")]
Lines = Annotated[list[str] | None, typer.Option("--line", help="Only units of a line, as LINE=QUANTITY; repeatable.")]


class Kind(StrEnum):
    """What is done with what comes back. Changes are asked for as changes of their order."""

    CANCEL = "cancel"
    RESOURCE = "resource"


@app.command("list")
def list_recalls(
    node: Annotated[str | None, typer.Option(help="Of this node.")] = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List the recalls that wait for an answer, those that must be answered first."""
    query = {"limit": "200"} | ({} if node is None else {"node": node})
    page = call("GET", "/v1/recalls", url, api_key, query=query)
    lines = [_line(one) for one in page["items"]] or ["Nothing waits for an answer."]
    show(json.dumps(page["items"], indent=2) if as_json else "\n".join(lines))


@app.command("ask")
def ask(
    work: Work,
    reason: Annotated[str, typer.Option(help="Why; the node reads it.")],
    kind: Annotated[Kind, typer.Option(help="What is done with what comes back.")] = Kind.CANCEL,
    line: Lines = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """Ask a node to give released work back."""
    _send(work, "recall", {"kind": kind.value, "reason": reason} | named_units(line), url, api_key, as_json=as_json)


@app.command("accept")
def accept(work: Work, line: Lines = None, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Answer for the node that it gives back what it was asked for."""
    _send(work, "accept-recall", named_units(line), url, api_key, as_json=as_json)


@app.command("refuse")
def refuse(work: Work, reason: Reason, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
    """Answer for the node that it keeps its work."""
    _send(work, "refuse-recall", {"reason": reason}, url, api_key, as_json=as_json)


def _send(work: str, verb: str, body: dict[str, Any], url: str | None, key: str | None, *, as_json: bool) -> None:
    found = call("POST", f"/v1/fulfillments/{work}/{verb}", url, key, body=body)
    show(json.dumps(found, indent=2) if as_json else _line(found["recall"]))


def _line(recall: dict[str, Any]) -> str:
    units = ", ".join(f"{one['quantity']} of line {one['line_id']}" for one in recall["units"])
    parts = [recall["fulfillment_id"], recall["node"], recall["kind"], units, recall["state"]]
    parts.append(f"until {recall['answer_by']}" if recall["state"] == "requested" else recall["answer"])
    return "  ".join(filter(None, parts))
