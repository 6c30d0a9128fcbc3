"""`troth wave`: the waves to come, held, resumed, closed or run early, through the API of a running server."""

import json
from typing import Annotated, Any, Final

import typer

from troth.cli.client import ApiKey, Url
from troth.cli.documents import Reason, call
from troth.cli.running import AsJson
from troth.cli.terminal import show

app = typer.Typer(help="Waves of releases, through the API of a running server.", no_args_is_help=True)

Wave = Annotated[str, typer.Argument(help="Its id, such as dc-parcels~DC-PA~20261127T1400Z.")]


@app.command("list")
def list_waves(
    node: Annotated[str | None, typer.Option(help="Of this node.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=336, help="How far ahead.")] = 24,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List the waves to come, what each will hold, and where one will overflow."""
    query = {"hours": str(hours)} | ({} if node is None else {"node": node})
    found = call("GET", "/v1/waves", url, api_key, query=query)
    lines = [_line(wave) for wave in found["items"]] or ["No wave comes."]
    show(json.dumps(found, indent=2) if as_json else "\n".join(lines))


_ACTS: Final = {
    "hold": "Keep a wave from being run until it is resumed.",
    "resume": "Let a wave be run again that was held or closed.",
    "close": "Let a wave take no more: what is planned into it goes with a later one, if it can wait.",
    "release": "Run a wave now, before its time, as far as it has room.",
}


def _add(verb: str, doc: str) -> None:
    @app.command(verb, help=doc)
    def act(wave: Wave, reason: Reason, as_json: AsJson = False, url: Url = None, api_key: ApiKey = None) -> None:
        found = call("POST", f"/v1/waves/{wave}/{verb}", url, api_key, body={"reason": reason})
        told = f"{wave} is {found['state']}; {found['changed_orders']} orders were released or put off"
        show(json.dumps(found, indent=2) if as_json else told)


for _verb, _doc in _ACTS.items():
    _add(_verb, _doc)


def _line(wave: dict[str, Any]) -> str:
    room = wave["room"]
    limits = ", ".join(f"{count} {name}" for name, count in room.items() if count is not None)
    parts = [wave["at"], wave["wave"], wave["state"], f"{wave['expected']['works']} works expected"]
    parts.append(f"room for {limits}" if limits else "no limit")
    for name, told in (("over", "over its room"), ("put_off", "put off")):
        if wave[name]["works"]:
            parts.append(f"{wave[name]['works']} {told}")
    return "  ".join(parts)
