"""What the pages on webhooks and operations say is what happens."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from standardwebhooks.webhooks import WebhookVerificationError

import troth.worker
from tests.builders import accepted, capture
from tests.worker.receiver import Receiver
from troth.flows.door.system import System
from troth.flows.log.deliver import FAILURES_MAX, Post, deliver_round, retry_seconds
from troth.flows.log.doctor import CHECKS
from troth.flows.log.subscribe import Subscribed, subscribe
from troth.worker import run

DOCS = Path(__file__).parents[2] / "docs"
WEBHOOKS = (DOCS / "webhooks.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", WEBHOOKS, re.DOTALL)


def function(code: str, name: str) -> Callable[..., Any]:
    """The function that a piece of the page defines."""
    names: dict[str, Any] = {}
    exec(compile(code, "webhooks.md", "exec"), names)
    found: Callable[..., Any] = names[name]
    return found


@pytest.mark.parametrize("code", CODE[:2], ids=["with the library", "without"])
async def test_the_pages_code_takes_our_messages_and_refuses_others(
    system: System, receiver: Receiver, post: Post, code: str
) -> None:
    made = await subscribe(system, url=receiver.url, kinds=(), actor="test")
    assert isinstance(made, Subscribed)
    accepted(await system.door.one(capture(), actor="test"))
    await deliver_round(system.pool, post, limit=10)
    sent = receiver.received[0]
    receive = function(code, "receive")

    assert receive(made.secret, sent.headers, sent.body)["type"] == "OrderCaptured"
    for headers, body in (
        (sent.headers, sent.body.replace(b"OrderCaptured", b"OrderReleased")),
        (sent.headers | {"webhook-id": "another"}, sent.body),
        (sent.headers | {"webhook-timestamp": "1700000000"}, sent.body),
    ):
        with pytest.raises((WebhookVerificationError, ValueError)):
            receive(made.secret, headers, body)
    with pytest.raises((WebhookVerificationError, ValueError)):
        receive("whsec_" + "A" * 43 + "=", sent.headers, sent.body)


def test_the_pages_code_sees_repeats_and_gaps() -> None:
    is_next = function(CODE[2], "is_next")
    first, second, fourth = ({"sequence": number, "position": f"7-{number}"} for number in (1, 2, 4))

    assert [is_next(None, first), is_next(first, second), is_next(second, second)] == [True, True, False]
    with pytest.raises(ValueError, match="1 events are missing after 7-2"):
        is_next(second, fourth)


async def test_the_pages_example_has_the_fields_that_arrive(system: System, receiver: Receiver, post: Post) -> None:
    await subscribe(system, url=receiver.url, kinds=(), actor="test")
    accepted(await system.door.one(capture(), actor="test"))
    await deliver_round(system.pool, post, limit=10)
    example = re.search(r"```json\n(.*?)```", WEBHOOKS, re.DOTALL)
    assert example is not None

    assert list(receiver.received[0].payload) == re.findall(r'^  "(\w+)":', example[1], re.MULTILINE)


def test_the_page_says_how_long_a_dead_partner_is_tried() -> None:
    hours = sum(retry_seconds(failures) for failures in range(FAILURES_MAX - 1)) / 3600
    assert f"After {FAILURES_MAX} failures in a row,\nsome four hours" in WEBHOOKS
    assert 3.5 < hours < 4.5


def test_every_check_of_the_doctor_is_on_the_page() -> None:
    table = OPERATIONS.split("## The doctor")[1].split("## Metrics")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(CHECKS)


_OF_THE_WORKER = (
    r"troth_(worker|due|webhook|sealed|repromised|acceptances|returns|payments?_|exceptions?_"
    r"|notifications_|orders_watched|parcels_asked|carrier_silences|edi|labels|disputes|nodes?_)"
)


def test_every_metric_of_the_worker_is_on_the_page() -> None:
    listed = set(re.findall(r"^\| `(\w+?)(?:_total)?(?:\{.*\})?` \|", OPERATIONS.split("## Metrics")[1], re.MULTILINE))
    assert callable(run.run_worker)  # which knows all of them
    ours = {family.name for family in REGISTRY.collect() if re.match(_OF_THE_WORKER, family.name)}
    assert listed == ours


def test_every_task_of_the_worker_is_on_the_page() -> None:
    table = OPERATIONS.split("What the worker does")[1].split("**Exactly once.**")[0]
    rooms = [Path(place).glob("*.py") for place in troth.worker.__path__]
    tasks = [
        name
        for room in rooms
        for file in room
        for name in re.findall(r'(?:Task|counting)\(\s*"([\w ]+)"', file.read_text())
    ]
    assert "due" in tasks
    assert sorted(re.findall(r"^\| ([\w ]+?) \| (?!how often)", table, re.MULTILINE)) == sorted(tasks)
