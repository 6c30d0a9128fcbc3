"""The metrics of a worker are read at a port of their own, for as long as it runs."""

import logging
import socket
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from troth.cli.worker_metrics import publishing_metrics
from troth.settings import Settings
from troth.worker.upkeep import EXCEPTIONS_OPEN


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_what_the_worker_measured_is_read_at_its_port_until_it_ends() -> None:
    settings = Settings(worker_metrics_port=free_port())
    address = f"http://127.0.0.1:{settings.worker_metrics_port}/metrics"
    EXCEPTIONS_OPEN.labels("deficit").set(7)

    with publishing_metrics(settings), urlopen(address) as answer:
        text = answer.read().decode()

    assert 'troth_exceptions_open{kind="deficit"} 7.0' in text.splitlines()
    with pytest.raises(URLError):
        urlopen(address)


def test_a_port_that_is_taken_keeps_no_worker_from_working(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, caplog.at_level(logging.WARNING):
        settings = Settings(worker_metrics_port=taken.getsockname()[1])
        with publishing_metrics(settings):
            worked = True

    assert worked
    assert [record.levelname for record in caplog.records] == ["WARNING"]
