"""Carriers that time out, answer twice or not at all, and whoever dies on the way: one label, one number, one void."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest

from tests.builders import NOW, Clock
from tests.conftest import Database
from tests.shipping.sending import again, books, events, go_on, label, labels, numbers, opened, packed, work_of
from troth.flows.door.system import System
from troth.flows.memory.carriers import Carrier
from troth.flows.memory.trackers import Poller
from troth.flows.shipping.label_work import label_work
from troth.flows.shipping.labels import CLAIM_SECONDS, void_label
from troth.model.asked import Declined, Lost
from troth.model.label import BuyOutcome, Consignment, Label, LabelAsk, VoidOutcome
from troth.model.manifest import CloseOutcome, Manifest
from troth.model.shipping_rates import QuotedRate


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    async with opened(database, clock) as one:
        yield one


@dataclass
class Faulty:
    """The simulated carrier, whose first answers to each kind of request are as told: "lost before", "lost after",
    "raises", "dies before", "dies after" (the carrier does it, nobody hears), "declines".
    """

    inner: Carrier
    faults: list[str]
    keeps_keys_hours: float = 24.0
    poller: Poller | None = None

    async def quote(self, consignments: Sequence[Consignment]) -> tuple[QuotedRate, ...] | Lost | None:
        return await self.inner.quote(consignments)

    async def buy(self, ask: LabelAsk) -> BuyOutcome:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost before":
            return Lost("timed out")
        if fault == "dies before":
            raise asyncio.CancelledError
        outcome = await self.inner.buy(ask)
        return self._after(fault) or outcome

    async def find(self, ask: LabelAsk) -> BuyOutcome | None:
        return await self.inner.find(ask)

    async def close(self, manifest: Manifest) -> CloseOutcome:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "declines":
            return Declined("too_early", "nobody comes today")
        outcome = await self.inner.close(manifest)
        return self._after(fault) or outcome

    async def void(self, label: Label) -> VoidOutcome:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "declines":
            return Declined("too_late", "it was handed over already")
        outcome = await self.inner.void(label)
        return self._after(fault) or outcome

    def _after(self, fault: str) -> Lost | None:
        if fault == "dies after":
            raise asyncio.CancelledError
        if fault == "raises":
            raise ConnectionResetError
        return Lost("timed out") if fault == "lost after" else None


def faulty(system: System, *faults: str) -> System:
    """The same system, whose carrier answers as told."""
    return replace(system, carriers={"parcel": Faulty(system.carriers["parcel"], list(faults))})


@pytest.mark.parametrize("faults", [["lost before"], ["lost after"], ["raises"], ["lost before", "lost after"]])
async def test_a_carrier_that_does_not_answer_is_looked_up_and_asked_again_under_the_same_key(
    system: System, clock: Clock, faults: list[str]
) -> None:
    order = await packed(system)
    troubled = faulty(system, *faults)

    (waiting,) = await label(troubled, order)
    assert (waiting.state.value, waiting.code, waiting.attempts) == ("requested", "unanswered", 1)
    assert await numbers(system, order.order_id) == [""]
    await go_on(troubled)
    assert await labels(system, order.order_id) == [("1", "requested")]  # it is not time yet
    for _ in range(3):
        clock.advance(seconds=10)
        await go_on(troubled)

    assert await labels(system, order.order_id) == [("1", "bought")]
    asked = (await books(system))[f"{order.order_id}-L1"][0]
    assert asked == 1  # it was found where it had been made, and not asked for once more
    assert len({number for number in await numbers(system, order.order_id) if number}) == 1
    assert await events(system, order.order_id) == ["LabelAttached"]


@pytest.mark.parametrize("fault", ["dies before", "dies after"])
async def test_who_dies_around_the_call_leaves_one_label(system: System, clock: Clock, fault: str) -> None:
    order = await packed(system)
    with pytest.raises(asyncio.CancelledError):
        await label(faulty(system, fault), order)
    assert await labels(system, order.order_id) == [("1", "requested")]
    await go_on(system)  # it is claimed still: nobody else touches it
    assert await labels(system, order.order_id) == [("1", "requested")]

    clock.advance(seconds=CLAIM_SECONDS + 1)
    await go_on(system)

    assert await labels(system, order.order_id) == [("1", "bought")]
    assert await books(system) == {f"{order.order_id}-L1": (1, False)}
    assert await events(system, order.order_id) == ["LabelAttached"]


async def test_a_label_that_the_carrier_may_have_forgotten_is_given_up_instead_of_bought_twice(
    system: System, clock: Clock
) -> None:
    order = await packed(system)
    troubled = faulty(system, "lost before")
    await label(troubled, order)

    clock.advance(hours=25)
    await go_on(troubled)

    assert await labels(system, order.order_id) == [("1", "refused")]
    assert await books(system) == {}


async def test_a_void_that_is_not_answered_is_asked_again_and_one_that_is_declined_leaves_the_label(
    system: System, clock: Clock
) -> None:
    order = await packed(system)
    (bought,) = await label(system, order)
    kept = await void_label(faulty(system, "declines"), bought.label_id, reason="r", actor="test")
    assert isinstance(kept, Label)
    assert (kept.state.value, kept.kept) == ("bought", "it was handed over already")

    troubled = faulty(system, "lost after")
    waiting = await void_label(troubled, bought.label_id, reason="r", actor="test")
    assert isinstance(waiting, Label)
    assert waiting.state.value == "voiding"
    clock.advance(seconds=10)
    await go_on(troubled)

    assert await labels(system, order.order_id) == [("1", "voided")]
    assert await numbers(system, order.order_id) == [""]
    assert await events(system, order.order_id) == ["LabelAttached", "LabelDetached"]


@pytest.mark.parametrize("gap", ["intent", "call", "outcome", "told"])
async def test_a_process_that_is_killed_in_any_gap_leaves_one_label(
    database: Database, system: System, clock: Clock, gap: str
) -> None:
    order = await packed(system)
    argv = (sys.executable, "-m", "tests.shipping.labeler", database.dsn, gap, work_of(order).fulfillment_id)
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"here\n"
    process.kill()
    await process.wait()

    clock.now = max(clock.now, NOW)
    clock.advance(hours=1)
    async with again(database.dsn, clock) as other:
        await go_on(other)
        assert await labels(other, order.order_id) == [("1", "bought")]
        assert await books(other) == {f"{order.order_id}-L1": (1, False)}
        assert await events(other, order.order_id) == ["LabelAttached"]
        (number,) = await numbers(other, order.order_id)
        (same,) = await label_work(other, order, work_of(order), actor="test") or ()  # type: ignore[misc]
        assert isinstance(same, Label)
        assert same.tracking_number == number
