"""`troth routing`, `rate-card`, `lane-table` and other documents by family: drafted, in force, taken back."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from troth.cli.client import ApiKey, Url
from troth.cli.documents import Name, VersionOption, call, make_app, read_json
from troth.cli.exits import USAGE, Failed
from troth.cli.running import AsJson
from troth.cli.terminal import show

app = make_app("routings", "routing")
rate_cards = make_app("rate-cards", "rate card")
lane_tables = make_app("lane-tables", "lane table")
exposure_rules = make_app("exposure-rules", "rule set")
message_templates = make_app("message-templates", "message template")
return_rules = make_app("return-rules", "return rule set")
alert_rules = make_app("alert-rules", "alert rule set")
hold_rules = make_app("hold-rules", "hold rule set")
release_rules = make_app("release-rules", "release rule set")
work_rules = make_app("work-rules", "work rule set")
notification_rules = make_app("notification-rules", "notification rule set")
boxes = make_app("boxes", "box set")


def add_dry_run(group: typer.Typer, family: str, what: str) -> None:
    """Give a group of commands the one that tries a document on an order."""
    field = what.replace(" ", "_")

    @group.command(
        "dry-run",
        help=f"Say what an order would be promised under a {what} and under what is in force; nothing is written.",
    )
    def dry_run(
        name: Name,
        order_id: Annotated[str | None, typer.Option("--order", help="An order of the server, by its id.")] = None,
        order_file: Annotated[
            Path | None, typer.Option(help="A JSON file with an order as it would be quoted.")
        ] = None,
        version: VersionOption = None,
        file: Annotated[
            Path | None,
            typer.Option(f"--{what.replace(' ', '-')}-file", help=f"A JSON file with the {what} to try instead."),
        ] = None,
        as_json: AsJson = False,
        url: Url = None,
        api_key: ApiKey = None,
    ) -> None:
        if (order_id is None) is (order_file is None):
            raise Failed("Either --order or --order-file says which order.", USAGE)
        body: dict[str, Any] = {} if order_id is None else {"order_id": order_id}
        if order_file is not None:
            body["order"] = read_json(order_file)
        if version is not None:
            body["version"] = version
        if file is not None:
            body[field] = read_json(file)
        found = call("POST", f"/v1/{family}/{name}/dry-run", url, api_key, body=body)
        if as_json:
            show(json.dumps(found, indent=2))
            return
        difference = found["cost_difference"]
        told = (
            "the same plan" if found["is_same"] else f"cost difference {difference['amount']} {difference['currency']}"
        )
        tried, in_force = found["tried_label"], found["in_force_label"] or "what is built in, or of other names"
        show("\n".join([told, *_side("tried", tried, found["tried"]), *_side("in force", in_force, found["in_force"])]))


add_dry_run(app, "routings", "routing")
add_dry_run(rate_cards, "rate-cards", "rate card")
add_dry_run(lane_tables, "lane-tables", "lane table")


def _side(title: str, label: str, plan: dict[str, Any]) -> list[str]:
    cost = plan["cost_to_serve"]
    tier = f", tier {plan['tier']}" if plan["tier"] else ""
    lines = [f"{title}: {label}{tier}, {cost['amount']} {cost['currency']} {_parts(cost['parts'])}"]
    for shipment in plan["shipments"]:
        units = ", ".join(f"{line['quantity']} x {line['sku']}" for line in shipment["lines"])
        way = " ".join(part for part in (shipment["method"], shipment["service"], shipment["carrier"]) if part)
        lines.append(f"  {shipment['node']} ({way}): {units}, by {shipment['promised_at']['to']}")
    lines += [f"  not promised: {gap['quantity']} x {gap['sku']} ({gap['reason']})" for gap in plan["unavailable"]]
    if plan["removed"]:
        removed = ", ".join(f"{count} {reason}" for reason, count in sorted(plan["removed"].items()))
        lines.append(f"  {plan['candidates']} candidates; removed: {removed}")
    return lines


def _parts(parts: dict[str, str]) -> str:
    return f"({', '.join(f'{name} {amount}' for name, amount in parts.items())})" if parts else ""
