"""The smaller commands: what they print, what they change, and how they end."""

import json
from pathlib import Path

import pytest

from tests.cli.typing_commands import type_command
from troth.store.migrate import read_migrations

Capture = pytest.CaptureFixture[str]


def test_without_a_command_the_commands_are_listed_and_an_unknown_one_is_wrong_use(capsys: Capture) -> None:
    assert "serve" in type_command(capsys, "--help").out
    assert type_command(capsys, "sell").code == 2
    assert type_command(capsys, "version").out.startswith("troth ")


def test_a_database_that_cannot_be_reached_is_said_in_a_sentence(capsys: Capture) -> None:
    typed = type_command(capsys, "db", "status", "--database-url", "postgresql://troth@127.0.0.1:1/troth")

    assert typed.code == 3
    assert typed.err.startswith("The database cannot be reached: ")
    assert len(typed.err.splitlines()) == 1


def test_a_setting_that_cannot_be_used_is_named(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROTH_PORT", "many")
    typed = type_command(capsys, "serve")

    assert typed.code == 2
    assert "  port: " in typed.err


def test_the_state_of_the_database_is_told_for_scripts(capsys: Capture, dsn: str) -> None:
    typed = type_command(capsys, "db", "status", "--json", "--database-url", dsn)

    assert typed.code == 0
    status = json.loads(typed.out)
    assert (status["applied"], status["missing"]) == (len(read_migrations()), [])
    assert type_command(capsys, "db", "migrate", "--database-url", dsn).out == "0 applied; the database is up to date\n"
    assert type_command(capsys, "db", "psql-url", "--database-url", dsn).out == f"{dsn}\n"


def test_the_doctor_ends_with_zero_where_all_is_well(capsys: Capture, dsn: str) -> None:
    typed = type_command(capsys, "doctor", "--json", "--database-url", dsn)

    assert (typed.code, json.loads(typed.out)["is_clean"]) == (0, True)


def test_a_key_is_made_listed_and_revoked(capsys: Capture, dsn: str) -> None:
    made = type_command(
        capsys, "key", "create", "feed", "--scope", "inventory:write", "--node", "DC-1", "--json", "--database-url", dsn
    )
    key_id = json.loads(made.out)["key_id"]
    listed = json.loads(type_command(capsys, "key", "list", "--json", "--database-url", dsn).out)
    assert [(key["key_id"], key["scopes"], key["nodes"]) for key in listed] == [(key_id, ["inventory:write"], ["DC-1"])]

    assert type_command(capsys, "key", "revoke", key_id, "--database-url", dsn).code == 0

    assert json.loads(type_command(capsys, "key", "list", "--json", "--database-url", dsn).out)[0]["revoked_at"]
    assert type_command(capsys, "key", "revoke", "nobody", "--database-url", dsn).code == 4
    refused = type_command(capsys, "key", "create", "feed", "--scope", "everything", "--database-url", dsn)
    assert (refused.code, refused.err.partition(";")[0]) == (4, "/scopes/0: there is no scope everything")


def test_a_user_is_made_with_a_password_that_is_shown_once(capsys: Capture, dsn: str) -> None:
    made = type_command(capsys, "user", "create", "ada", "--role", "operator", "--database-url", dsn)

    assert made.code == 0
    assert made.out.splitlines()[0] == "ada (operator) can log in"
    assert made.out.splitlines()[1].startswith("Password: ")
    assert type_command(capsys, "user", "password", "ada", "--database-url", dsn).code == 0
    assert type_command(capsys, "user", "password", "bob", "--database-url", dsn).code == 4
    listed = json.loads(type_command(capsys, "user", "list", "--json", "--database-url", dsn).out)
    assert [(user["login"], user["role"]) for user in listed] == [("ada", "operator")]


def test_nodes_items_and_stock_are_loaded_and_loading_them_again_changes_nothing(
    capsys: Capture, dsn: str, tmp_path: Path
) -> None:
    nodes, items, stock = tmp_path / "nodes.json", tmp_path / "items.jsonl", tmp_path / "stock.csv"
    nodes.write_text(json.dumps([{"node_id": "DC-1", "type": "dc", "latitude": 40.0, "longitude": -76.3}]))
    items.write_text('{"sku": "A", "name": "Tea tin"}\n{"sku": "B", "weight_kg": "0.5"}\n')
    stock.write_text("node,sku,on_hand\nDC-1,A,5\nDC-1,B,7\n")

    first = [_load(capsys, what, path, dsn) for what, path in (("nodes", nodes), ("items", items), ("stock", stock))]
    again = [_load(capsys, what, path, dsn) for what, path in (("nodes", nodes), ("items", items), ("stock", stock))]

    assert first == [
        "1 nodes read, 1 new or changed\n",
        "2 items read, 2 new or changed\n",
        "2 positions read, 2 changed, by 12 pieces\n",
    ]
    assert again == [
        "1 nodes read, 0 new or changed\n",
        "2 items read, 0 new or changed\n",
        "2 positions read, 0 changed, by 0 pieces\n",
    ]


def test_the_flaws_of_a_file_are_all_told_and_nothing_is_loaded(capsys: Capture, dsn: str, tmp_path: Path) -> None:
    nodes, stock = tmp_path / "nodes.json", tmp_path / "stock.csv"
    nodes.write_text(
        json.dumps([{"node_id": "DC-1", "type": "depot"}, {"type": "dc", "latitude": 1.0, "longitude": 1.0}])
    )
    stock.write_text("node,sku,on_hand\nDC-1,A,-5\n,B,7\n")

    typed = type_command(capsys, "load", "nodes", str(nodes), "--database-url", dsn)
    assert typed.code == 2
    assert "entry 1: /type must be" in typed.err
    typed = type_command(capsys, "load", "stock", str(stock), "--database-url", dsn)
    assert (typed.code, [line.partition(":")[0] for line in typed.err.splitlines()[1:]]) == (2, ["line 2", "line 3"])


def test_stock_of_unknown_names_is_left_out_and_said(capsys: Capture, dsn: str, tmp_path: Path) -> None:
    stock = tmp_path / "stock.csv"
    stock.write_text("node,sku,on_hand\nDC-1,A,5\n")

    typed = type_command(capsys, "load", "stock", str(stock), "--database-url", dsn)

    assert typed.code == 1
    assert "Left out, since nobody knows them: " in typed.err


def test_orders_are_loaded_with_an_account_and_refused_rows_end_with_one(
    capsys: Capture, dsn: str, tmp_path: Path
) -> None:
    mapping, nodes, orders = tmp_path / "mapping.toml", tmp_path / "nodes.json", tmp_path / "orders.csv"
    nodes.write_text(json.dumps([{"node_id": "DC-1", "type": "dc", "latitude": 40.0, "longitude": -76.3}]))
    _load(capsys, "nodes", nodes, dsn)
    mapping.write_text(
        'create_items = true\nstock = "as_needed"\nstock_node = "DC-1"\n[fields]\nexternal_id = "id"\nsku = "sku"\n'
        'quantity = "units"\nordered_at = "at"\ncountry = { constant = "US" }\nchannel = { constant = "web" }\n'
        'currency = { constant = "USD" }\n'
    )
    orders.write_text("id,sku,units,at\n1,A,2,2026-01-05T10:00:00Z\n2,A,0,2026-01-05T10:00:00Z\n")

    typed = type_command(
        capsys, "load", "orders", str(orders), "--mapping", str(mapping), "--json", "--database-url", dsn
    )

    assert typed.code == 1
    account = json.loads(typed.out)
    assert (account["rows_read"], account["rows_captured"], account["rows_refused"]) == (2, 1, 1)
    assert f"Refused rows, with reasons: {tmp_path / 'orders.refused.csv'}" in typed.err


def _load(capsys: Capture, what: str, path: Path, dsn: str) -> str:
    typed = type_command(capsys, "load", what, str(path), "--database-url", dsn)
    assert typed.code == 0, typed.err
    return typed.out
