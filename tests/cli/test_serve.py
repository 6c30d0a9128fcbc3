"""Serving: one command from nothing, clean ends, and what happens when a process dies."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.cli.typing_commands import Server, start_server, type_command

Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers, and ends those that a test leaves running."""
    started: list[Server] = []

    def start(*arguments: str, **settings: str) -> Server:
        started.append(start_server(*arguments, **settings))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()


def test_it_starts_from_nothing_ends_cleanly_and_goes_on_with_its_data(serve: Serve, tmp_path: Path) -> None:
    first = serve("--sample", "small", TROTH_DATA_DIR=str(tmp_path))
    ready = first.get("/readyz").json()
    assert (ready["status"], ready["nodes"], ready["stock"] in {"loading", "loaded"}) == ("ok", 69, True)
    assert first.told["Login"] == "admin"
    key, headers = first.key, first.headers

    code, err = first.stop()
    assert (code, err.splitlines()[-1]) == (0, "Stopped.")
    assert not (tmp_path / "postgres" / "cluster" / "postmaster.pid").exists()

    second = serve(TROTH_DATA_DIR=str(tmp_path))
    assert key not in second.told["API key"]
    answer = httpx.get(second.url + "/v1/nodes", headers=headers, params={"limit": 1}, trust_env=False)
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 1
    assert second.stop(signal.SIGTERM)[0] == 0


def test_a_process_that_dies_is_replaced_and_its_siblings_go_on_meanwhile(serve: Serve, dsn: str) -> None:
    server = serve("--workers", "2", TROTH_DATABASE_URL=dsn)
    before = server.children()
    assert len(before) == 3

    os.kill(before[0], signal.SIGKILL)

    assert any("the process api 1 ended unasked, by signal 9" in line for line in server.err)
    assert server.get("/readyz").status_code == 200
    assert server.stop()[0] == 0


def test_a_request_under_way_is_answered_before_the_end(serve: Serve, dsn: str) -> None:
    server = serve(TROTH_DATABASE_URL=dsn)
    body = b'{"channel": "web"}'
    head = (
        "POST /v1/orders HTTP/1.1\r\nHost: troth\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
        f"Authorization: Bearer {server.key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with _connect(server) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        os.killpg(server.process.pid, signal.SIGINT)  # as a terminal does: to the server and all of its processes
        for line in server.err:
            if "requests under way end first" in line:
                break
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 422")
    assert server.process.wait(timeout=40) == 0


def test_the_children_end_when_their_parent_is_killed(serve: Serve, dsn: str) -> None:
    server = serve(TROTH_DATABASE_URL=dsn)
    with _connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: troth\r\n\r\n")
        received = b""
        while not received.endswith(b"}"):
            received += connection.recv(1000)

        server.process.kill()

        assert connection.recv(1000) == b""
    server.process.communicate(timeout=40)  # its pipes are closed once the last child is gone


def test_a_taken_port_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str], dsn: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        typed = type_command(capsys, "serve", "--port", str(port), "--database-url", dsn)

    assert (typed.code, typed.out) == (3, "")
    assert typed.err == f"Port {port} of 127.0.0.1 is taken; choose another with --port (0 takes a free one).\n"


def _connect(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    assert address.hostname is not None
    return socket.create_connection((address.hostname, address.port or 0), timeout=40)
