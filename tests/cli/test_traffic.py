"""Traffic against a running server, and the commands that talk to one."""

import json
from collections import Counter

import pytest

from tests.cli.typing_commands import Server, start_server, type_command
from troth.cli.sample import SampleSize

Capture = pytest.CaptureFixture[str]
_TRIES_MAX = 10


def test_traffic_keeps_a_server_busy_and_leaves_its_books_in_order(capsys: Capture, dsn: str) -> None:
    server = start_server("--sample", SampleSize.SMALL, TROTH_DATABASE_URL=dsn)
    try:
        at = ("--url", server.url, "--api-key", server.key)
        tally: Counter[str] = Counter()
        for seed in range(7, 7 + _TRIES_MAX):  # a busy machine takes longer until the first order is delivered
            typed = type_command(
                capsys,
                "traffic",
                *at,
                "--rate",
                "40",
                "--duration",
                "3",
                "--pace",
                "0.02",
                "--seed",
                str(seed),
                "--json",
            )
            assert typed.code == 0, typed.err
            tally += Counter(json.loads(typed.out))
            if tally["captured"] > 20 and tally["delivered"] > 0:
                break
        assert tally["captured"] > 20
        assert tally["delivered"] > 0
        assert not {"lost", "failed"} & set(tally)

        _look_and_act(capsys, server, at)
        doctor = type_command(capsys, "doctor", "--json", "--database-url", dsn)
        problems = [one for one in json.loads(doctor.out)["findings"] if one["severity"] == "problem"]
        assert problems == []
    finally:
        code, _ = server.stop()
    assert code == 0


def _look_and_act(capsys: Capture, server: Server, at: tuple[str, ...]) -> None:
    promised = json.loads(type_command(capsys, "order", "list", "--status", "promised", "--json", *at).out)
    assert promised
    order_id = promised[0]["order_id"]
    assert order_id in type_command(capsys, "order", "get", order_id, *at).out
    assert json.loads(type_command(capsys, "order", "release", order_id, "--json", *at).out)["released_at"]
    assert "canceled" in type_command(capsys, "order", "cancel", order_id, *at).out
    again = type_command(capsys, "order", "release", order_id, *at)
    assert (again.code, again.err.partition(":")[0]) == (4, "Not possible now")
    assert type_command(capsys, "order", "get", "O-NOBODY", *at).code == 4


def test_without_a_key_or_a_server_it_is_said_what_to_do(capsys: Capture) -> None:
    assert type_command(capsys, "order", "list").code == 2
    typed = type_command(capsys, "order", "list", "--url", "http://127.0.0.1:1", "--api-key", "x")
    assert (typed.code, typed.err.partition(":")[0]) == (3, "The server cannot be reached")
