"""What a worker measures, published for Prometheus on a port of its own, since it answers no other requests."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import start_http_server

from troth.settings import Settings

_log = logging.getLogger(__name__)


@contextmanager
def publishing_metrics(settings: Settings) -> Iterator[None]:
    """Answer scrapes of this process until the end, where a port is set. One that is taken, as by another worker of the
    same machine, is no reason not to work.
    """
    if settings.worker_metrics_port is None:
        yield
        return
    try:
        server, thread = start_http_server(settings.worker_metrics_port, addr=settings.host)
    except OSError as error:
        _log.warning("the worker's metrics cannot be read at port %d: %s", settings.worker_metrics_port, error)
        yield
        return
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
