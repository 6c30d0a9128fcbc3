"""That units are not there is done once, however often a node says so."""

from collections.abc import AsyncIterator

import pytest

from tests.builders import Clock, item, set_up, stock
from tests.conftest import Database
from tests.flows.telling_nodes import answer, of_line, partner, released, said, stored
from troth.flows.door.system import System, open_system
from troth.flows.nodes.answers import Fate
from troth.model.node_answers import AnswerKind


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    await set_up(database.pool, nodes=(partner(),), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "3PL-1"): 10, ("B", "3PL-1"): 10})
        yield opened


async def test_a_line_that_is_short_already_is_known(system: System, clock: Clock) -> None:
    order = await released(system, clock, A=2, B=3)
    (work,) = order.fulfillments
    short = said(AnswerKind.SHORT, work.fulfillment_id, of_line(1, 2), of_line(2, 1))
    same = said(AnswerKind.SHORT, work.fulfillment_id, of_line(1, 2, "damaged"))
    assert [one.fate for one in await answer(system, short)] == [Fate.DONE]
    version = (await stored(system, order.order_id)).version

    again = await answer(system, short, same)

    assert [one.fate for one in again] == [Fate.KNOWN, Fate.KNOWN]
    assert (await stored(system, order.order_id)).version == version


async def test_more_than_is_short_already_is_refused(system: System, clock: Clock) -> None:
    order = await released(system, clock, A=2)
    (work,) = order.fulfillments
    await answer(system, said(AnswerKind.SHORT, work.fulfillment_id, of_line(1, 1)))
    version = (await stored(system, order.order_id)).version

    (taken,) = await answer(system, said(AnswerKind.SHORT, work.fulfillment_id, of_line(1, 2)))

    assert taken.fate is Fate.REFUSED
    assert (await stored(system, order.order_id)).version == version
