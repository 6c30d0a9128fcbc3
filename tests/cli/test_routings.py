"""Routings and rate cards on the command line, against a server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.typing_commands import Server, Typed, start_server, type_command
from tests.documents import rate_card, routing

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def server(dsn: str) -> Iterator[Server]:
    started = start_server("--no-worker", TROTH_DATABASE_URL=dsn)
    yield started
    started.stop()


def test_a_routing_is_checked_saved_activated_tried_and_rolled_back(
    capsys: Capture, server: Server, tmp_path: Path
) -> None:
    def troth(*arguments: str) -> Typed:
        return type_command(capsys, *arguments, "--url", server.url, "--api-key", server.key)

    good, bad, order = (tmp_path / name for name in ("good.json", "bad.json", "order.json"))
    good.write_text(json.dumps(routing()))
    bad.write_text(json.dumps(routing(tiers=[{"name": "a", "filter": "true"}])))
    order.write_text(json.dumps({"channel": "web", "lines": [{"line_id": "1", "sku": "A", "quantity": 1}]}))

    wrong = troth("routing", "check", str(bad))
    assert (wrong.code, wrong.out) == (1, "error /tiers/0/filter: there is no field filter\n")
    assert troth("routing", "check", str(good)).code == 0
    refused = troth("routing", "save", "everyday", str(bad))
    assert (refused.code, refused.err.splitlines()[-1]) == (4, "  /tiers/0/filter: there is no field filter")

    assert troth("routing", "save", "everyday", str(good), "--note", "First").out.startswith("everyday@1 is a draft\n")
    good.write_text(json.dumps(routing(description="Second")))
    assert json.loads(troth("routing", "save", "everyday", str(good), "--json").out)["version"] == 2
    assert troth("routing", "diff", "everyday").out.splitlines() == [
        "/description", '  - "Distribution centers first"', '  + "Second"',
    ]  # fmt: skip
    first = troth("routing", "activate", "everyday", "--version", "1", "--reason", "Begin")
    assert first.out == "in force: everyday@1\n"
    canary = troth("routing", "activate", "everyday", "--canary", "10", "--reason", "Try")
    assert canary.out == "in force: everyday@1\ncanary: everyday@2 for 10 % of the orders\n"
    assert troth("routing", "list").out == "everyday@2  canary  active: 1  canary: 2 for 10 %\n"
    assert [one["state"] for one in json.loads(troth("routing", "versions", "everyday", "--json").out)] == [
        "canary", "active",
    ]  # fmt: skip
    assert troth("routing", "roll-back", "everyday", "--reason", "Seen").out == "in force: everyday@1\n"
    assert json.loads(troth("routing", "show", "everyday", "--version", "1").out) == routing()
    assert troth("routing", "retire", "everyday", "--reason", "Done").out == "in force: what is built in\n"
    assert troth("routing", "show", "nothing").code == 4

    tried = troth("routing", "dry-run", "everyday", "--order-file", str(order))
    assert (tried.code, "/order/ship_to: is required for method ship" in tried.err) == (4, True)
    assert troth("routing", "dry-run", "everyday").code == 2


def test_a_rate_card_is_saved_and_put_in_force_from_a_time_on(capsys: Capture, server: Server, tmp_path: Path) -> None:
    card = tmp_path / "card.json"
    card.write_text(json.dumps(rate_card()))
    where = ("--url", server.url, "--api-key", server.key)

    saved = type_command(capsys, "rate-card", "save", "cheap", str(card), *where)
    acted = type_command(
        capsys, "rate-card", "activate", "cheap", "--from", "2099-01-01T00:00:00Z", "--reason", "New contract", *where
    )

    assert saved.out.splitlines()[0] == "cheap@1 is a draft"
    assert acted.out == "in force: what is built in\nfrom 2099-01-01T00:00:00Z: cheap@1\n"
    order = tmp_path / "order.json"
    order.write_text(json.dumps({"channel": "web", "lines": [{"line_id": "1", "sku": "A", "quantity": 1}]}))
    tried = type_command(capsys, "rate-card", "dry-run", "cheap", "--order-file", str(order), *where)
    assert (tried.code, "/order/ship_to: is required for method ship" in tried.err) == (4, True)
    assert type_command(capsys, "lane-table", "dry-run", "none", "--order", "O-1", *where).code == 4
    card.write_text("half")
    assert type_command(capsys, "rate-card", "check", str(card), *where).code == 2
