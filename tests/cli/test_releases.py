"""Waves and recalls on the command line, against a server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.typing_commands import Server, Typed, start_server, type_command

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def server(dsn: str) -> Iterator[Server]:
    started = start_server("--no-worker", TROTH_DATABASE_URL=dsn)
    yield started
    started.stop()


def test_rules_are_activated_and_waves_and_recalls_listed(capsys: Capture, server: Server, tmp_path: Path) -> None:
    def troth(*arguments: str) -> Typed:
        return type_command(capsys, *arguments, "--url", server.url, "--api-key", server.key)

    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps({"waves": [{"name": "noon", "times": ["12:00:00"], "is_shared": True}]}))
    wrong = troth("release-rules", "check", str(rules))
    assert (wrong.code, "/waves/0/time_zone: is required" in wrong.out) == (1, True)
    body = {"waves": [{"name": "noon", "times": ["12:00:00"], "is_shared": True, "time_zone": "UTC"}]}
    rules.write_text(json.dumps(body))
    assert troth("release-rules", "save", "everyday", str(rules)).code == 0
    assert troth("release-rules", "activate", "everyday", "--reason", "Begin").out == "in force: everyday@1\n"

    assert troth("wave", "list").out == "No wave comes.\n"  # there is no node yet
    missing = troth("wave", "hold", "noon~~20991127T1200Z", "--reason", "r")
    assert (missing.code, "wave noon~~20991127T1200Z" in missing.err) == (4, True)
    assert troth("recall", "list").out == "Nothing waits for an answer.\n"
    assert troth("recall", "list", "--json").out == "[]\n"
    assert troth("recall", "ask", "O-1-F1", "--reason", "r", "--line", "1").code == 2
    assert troth("recall", "refuse", "O-1-F1", "--reason", "r").code == 4
