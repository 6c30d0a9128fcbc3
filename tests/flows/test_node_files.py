"""Nodes that get their work in a folder: messages lie there once, and what they answer is done once, row by row."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.builders import Clock, item, set_up, stock
from tests.conftest import Database
from tests.flows.telling_nodes import PARTNER, inbox, partner, released, stored
from troth.adapters.node_files.csv_rows import TOLD_COLUMNS
from troth.adapters.node_files.folder import LocalFolder, open_local
from troth.adapters.node_files.opening import CODECS
from troth.flows.door.system import System, open_system
from troth.flows.nodes.files import Exchanged, Folder, Place, exchange_files
from troth.flows.nodes.say import send_test
from troth.flows.records.configure import set_node
from troth.model.ids import NodeId
from troth.model.lifecycle import AllocationState
from troth.model.node_link import FileFormat, NodeLink, Reach
from troth.model.order import Order
from troth.model.status import fulfillment_status
from troth.store.node_files import read_folder_state


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def system(database: Database, clock: Clock) -> AsyncIterator[System]:
    link = NodeLink(Reach.FILE, folder="acme")
    await set_up(database.pool, nodes=(partner(link=link),), items=(item("A"), item("B")))
    async with open_system(database.dsn, clock=clock) as opened:
        await stock(opened, {("A", "3PL-1"): 50, ("B", "3PL-1"): 50})
        yield opened


@dataclass(frozen=True, slots=True)
class Partner:
    """The other side of a folder."""

    root: Path
    system: System

    async def exchange(self) -> Exchanged:
        """A round at the folder, whose turn it is at once."""
        await self.system.pool.execute("UPDATE node_files SET attempt_at = now(), claimed_until = NULL")
        return await exchange_files(self.system, open_local(self.root), CODECS)

    def names(self, place: Place) -> list[str]:
        where = self.root / "acme" / place
        return sorted(one.name for one in where.iterdir()) if where.is_dir() else []

    def put(self, name: str, text: str) -> None:
        where = self.root / "acme" / "in"
        where.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)

    def read(self, place: Place, name: str) -> str:
        return (self.root / "acme" / place / name).read_text()


@pytest.fixture
def partner_of(system: System, tmp_path: Path) -> Partner:
    return Partner(tmp_path, system)


def rows(*rows: Sequence[object], head: str = "answer,fulfillment_id,line_id,quantity,reason") -> str:
    return "".join(f"{line}\n" for line in (head, *(",".join(map(str, row)) for row in rows)))


def status(order: Order) -> AllocationState:
    return fulfillment_status(order, order.fulfillments[0].fulfillment_id)


async def test_messages_lie_in_the_folder_once_as_rows_with_everything(
    system: System, clock: Clock, partner_of: Partner
) -> None:
    order = await released(system, clock, A=2, B=1)
    assert await partner_of.exchange() == Exchanged(written=1)
    assert partner_of.names(Place.OUT) == ["messages-00000001-00000001.csv"]
    head, *lines = csv.reader(io.StringIO(partner_of.read(Place.OUT, "messages-00000001-00000001.csv")))
    assert tuple(head) == TOLD_COLUMNS
    told = [dict(zip(head, line, strict=True)) for line in lines]
    assert [(row["line_id"], row["sku"], row["quantity"]) for row in told] == [("1", "A", "2"), ("2", "B", "1")]
    assert {(row["kind"], row["fulfillment_id"], row["line1"], row["postcode"]) for row in told} == {
        ("release", order.fulfillments[0].fulfillment_id, "1 Main St", "10001")
    }
    assert await partner_of.exchange() == Exchanged()


async def test_json_lines_say_the_same_as_the_api(system: System, clock: Clock, partner_of: Partner) -> None:
    link = NodeLink(Reach.FILE, FileFormat.JSON_LINES, "acme")
    await set_node(system, partner(link=link), actor="test")
    order = await released(system, clock)
    name = order.fulfillments[0].fulfillment_id
    await partner_of.exchange()
    (line,) = partner_of.read(Place.OUT, "messages-00000001-00000001.jsonl").splitlines()
    told = json.loads(line)
    assert (told["kind"], told["work"]["fulfillment_id"], told["work"]["lines"][0]["quantity"]) == ("release", name, 2)

    package = {"package_id": "1", "lines": [{"line_id": "1", "quantity": 2}], "tracking_number": "1Z1"}
    answers = [
        {"answer": "accept", "fulfillment_id": name},
        {"answer": "ship", "fulfillment_id": name, "packages": [package | {"pallet": "P9"}]},
        {"answer": "ship", "fulfillment_id": name, "packages": [package]},
        {"answer": "eat", "fulfillment_id": name},
    ]
    partner_of.put("a.jsonl", "".join(json.dumps(one) + "\n" for one in answers) + '{"answer": "acc')
    assert await partner_of.exchange() == Exchanged(read=1, refused=3)
    assert status(await stored(system, order.order_id)) is AllocationState.SHIPPED
    refused = [json.loads(one) for one in partner_of.read(Place.TAKEN, "a.refused.jsonl").splitlines()]
    assert [one["refused"].partition(":")[0] for one in refused] == [
        "/packages/0/pallet",
        "/answer",
        "has no line end, and may be half a line",
    ]


async def test_a_whole_life_by_rows_with_lines_that_are_several_rows(
    system: System, clock: Clock, partner_of: Partner
) -> None:
    order = await released(system, clock, A=2, B=3)
    name = order.fulfillments[0].fulfillment_id
    partner_of.put("1.csv", rows(("accept", name, "", "", ""), ("short", name, 2, 1, "damaged")))
    head = "answer,fulfillment_id,package_id,line_id,quantity,carrier,tracking_number,weight_kg"
    shipped = rows(
        ("ship", name, "P1", 1, 2, "ups", "1Z1", 1.25), ("ship", name, "P2", 2, 2, "ups", "1Z2", ""), head=head
    )
    partner_of.put("2.csv", shipped)
    at = clock.now.isoformat()
    delivered = rows(
        ("track", "1Z1", "delivered", "ups", at),
        ("track", "1Z2", "delivered", "ups", at),
        head="answer,tracking_number,status,carrier,at",
    )
    partner_of.put("3.csv", delivered)
    assert await partner_of.exchange() == Exchanged(written=1, read=3)

    after = await stored(system, order.order_id)
    assert [(one.package_id, one.weight_grams, one.tracking_number) for one in after.fulfillments[0].packages] == [
        ("P1", 1250, "1Z1"),
        ("P2", None, "1Z2"),
    ]
    assert [message.acknowledged_by for message in await inbox(system)] == ["node/3PL-1"]
    assert (partner_of.names(Place.IN), partner_of.names(Place.TAKEN)) == ([], ["1.csv", "2.csv", "3.csv"])

    partner_of.put("2.csv", shipped)
    partner_of.put("again.csv", delivered)
    assert await partner_of.exchange() == Exchanged(read=2)
    assert (await stored(system, order.order_id)).version == after.version


async def test_refused_rows_are_written_beside_the_file_with_why_and_do_not_hurt_the_others(
    system: System, clock: Clock, partner_of: Partner
) -> None:
    order = await released(system, clock)
    name = order.fulfillments[0].fulfillment_id
    text = rows(
        ("accept", "O-NO-F1", "", "", ""),
        ("accept", name, "", "", ""),
        ("short", name, 1, "many", ""),
        ("dance", name, "", "", ""),
        ("short", name, 9, 1, ""),
    )
    partner_of.put("a.csv", text + "reject," + name)
    assert await partner_of.exchange() == Exchanged(written=1, read=1, refused=5)
    assert status(await stored(system, order.order_id)) is AllocationState.ACCEPTED
    lines = list(csv.reader(io.StringIO(partner_of.read(Place.TAKEN, "a.refused.csv"))))
    assert lines[0] == ["answer", "fulfillment_id", "line_id", "quantity", "reason", "refused"]
    assert [(line[0], line[-1].partition(";")[0]) for line in lines[1:]] == [
        ("accept", "there is no fulfillment O-NO-F1"),
        ("short", "quantity: must be a number, not below 0"),
        ("dance", "answer: must be one of acknowledge, accept, reject, short, ship, track, give_back, keep"),
        ("short", "belongs to the answer of which line 4 is refused"),
        ("reject", "has 2 cells, and the head 5"),
    ]
    mended = partner_of.read(Place.TAKEN, "a.refused.csv").splitlines()
    partner_of.put("b.csv", f"{mended[0]}\nshort,{name},1,1,not_found,\n")
    assert await partner_of.exchange() == Exchanged(read=1)


async def test_a_column_that_is_not_known_is_named_and_nothing_of_the_file_is_done(
    system: System, clock: Clock, partner_of: Partner
) -> None:
    order = await released(system, clock)
    name = order.fulfillments[0].fulfillment_id
    partner_of.put("a.csv", rows(("accept", name, "L-7"), head="answer,fulfillment_id,lotno"))
    assert await partner_of.exchange() == Exchanged(written=1, read=1, refused=2)
    assert (await stored(system, order.order_id)).version == order.version
    head, row = partner_of.read(Place.TAKEN, "a.refused.csv").splitlines()
    assert "lotno: is not known; known are answer" in head
    assert row.startswith(f"accept,{name},L-7,")


@pytest.mark.parametrize("name", ["a.csv.part", ".a.csv", "a.csv.tmp", "a.refused.csv", "a.txt"])
async def test_what_is_still_being_written_or_is_no_answer_is_not_read(partner_of: Partner, name: str) -> None:
    partner_of.put(name, "answer,fulfill")
    assert await partner_of.exchange() == Exchanged()
    assert partner_of.names(Place.IN) == [name]


async def test_another_file_of_a_name_that_was_taken_is_kept_beside_it(partner_of: Partner) -> None:
    for text in (rows(), rows(("acknowledge", "", "", "", "")), rows()):
        partner_of.put("a.csv", text)
        await partner_of.exchange()
    assert partner_of.names(Place.TAKEN) == ["a-2.csv", "a-2.refused.csv", "a.csv"]


class _Broken(LocalFolder):
    """A folder that cannot be used."""

    def list_names(self, place: Place) -> Sequence[str]:
        raise PermissionError(f"no access to {place}")


async def test_a_folder_that_cannot_be_used_is_tried_again_later_and_nothing_is_lost(
    system: System, clock: Clock, partner_of: Partner
) -> None:
    def broken(name: str) -> Folder:
        return _Broken(partner_of.root / name)

    await released(system, clock)
    assert await exchange_files(system, broken, CODECS) == Exchanged(written=1, failed=1)
    assert await exchange_files(system, broken, CODECS) == Exchanged()  # it is not its turn
    async with system.pool.acquire() as connection:
        state = await read_folder_state(connection, PARTNER)
    assert state is not None
    assert (state.failures, state.last_error, state.written) == (1, "PermissionError: no access to in", 1)
    assert await partner_of.exchange() == Exchanged()
    async with system.pool.acquire() as connection:
        mended = await read_folder_state(connection, PARTNER)
    assert mended is not None
    assert (mended.failures, mended.last_error) == (0, "")


async def test_what_nobody_expected_at_one_folder_is_told_with_its_file_and_holds_up_no_other(
    system: System, clock: Clock, partner_of: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd(LocalFolder):
        def read(self, place: Place, name: str) -> bytes:
            raise ZeroDivisionError("nobody thought of that")

    def open_folder(name: str) -> Folder:
        if name == "gone":
            raise LookupError(name)
        return (Odd if name == "acme" else LocalFolder)(partner_of.root / name)

    for name in ("3PL-2", "3PL-3"):
        folder = "gone" if name == "3PL-2" else name
        other = replace(partner(link=NodeLink(Reach.FILE, folder=folder)), node=NodeId(name))
        await set_node(system, other, actor="test")
        await send_test(system, NodeId(name), actor="test")
    await released(system, clock)
    partner_of.put("answers-1.csv", rows())
    partner_of.put("answers-2.csv", rows())

    done = await exchange_files(system, open_folder, CODECS)

    async with system.pool.acquire() as connection:
        states = [await read_folder_state(connection, NodeId(name)) for name in ("3PL-1", "3PL-2", "3PL-3")]
    assert done == Exchanged(written=2, failed=2)
    assert [None if one is None else one.last_error for one in states] == [
        "answers-1.csv: ZeroDivisionError: nobody thought of that", "LookupError: gone", ""
    ]  # fmt: skip
    warned = [record.getMessage().split(":")[0] for record in caplog.records if record.levelname == "WARNING"]
    assert sorted(warned) == [
        "the folder of node 3PL-1 cannot be used", "the folder of node 3PL-2 cannot be used"
    ]  # fmt: skip
    assert partner_of.names(Place.IN) == ["answers-1.csv", "answers-2.csv"]


async def test_of_two_workers_one_is_at_a_folder(system: System, clock: Clock, partner_of: Partner) -> None:
    await released(system, clock)

    class Slow(LocalFolder):
        def write(self, place: Place, name: str, content: bytes) -> None:
            others.append(name)
            super().write(place, name, content)

    others: list[str] = []
    done = [await exchange_files(system, lambda name: Slow(partner_of.root / name), CODECS) for _ in range(2)]
    assert (done, others) == ([Exchanged(written=1), Exchanged()], ["messages-00000001-00000001.csv"])


class Died(BaseException):
    """A worker that is no more: nothing that it could have done about it was done."""


async def test_a_file_that_was_begun_is_written_again_with_the_same_name_and_the_same_messages(
    system: System, clock: Clock, partner_of: Partner
) -> None:
    class Dying(LocalFolder):
        def write(self, place: Place, name: str, content: bytes) -> None:
            super().write(place, name, content)
            raise Died("between the file and its note")

    await released(system, clock)
    with pytest.raises(Died):
        await exchange_files(system, lambda name: Dying(partner_of.root / name), CODECS)
    before = partner_of.read(Place.OUT, "messages-00000001-00000001.csv")
    await send_test(system, PARTNER, actor="test")  # what comes meanwhile does not change it
    assert await partner_of.exchange() == Exchanged(written=2)
    assert partner_of.names(Place.OUT) == ["messages-00000001-00000001.csv", "messages-00000002-00000002.csv"]
    assert partner_of.read(Place.OUT, "messages-00000001-00000001.csv") == before


async def test_a_node_that_is_reached_by_file_later_gets_what_it_has_not_acknowledged(
    system: System, clock: Clock, partner_of: Partner
) -> None:
    await set_node(system, partner(link=NodeLink(Reach.API)), actor="test")
    for number in range(3):
        await released(system, clock, f"W-{number}")
    await system.pool.execute("UPDATE node_messages SET acknowledged_at = now() WHERE number = 1")
    link = NodeLink(Reach.FILE, folder="acme")
    await set_node(system, replace(partner(), link=link), actor="test")
    assert await partner_of.exchange() == Exchanged(written=1)
    assert partner_of.names(Place.OUT) == ["messages-00000002-00000003.csv"]
