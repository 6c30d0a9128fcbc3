"""Trading partners, for tests: what they were sent, and what they send, written by hand as their systems do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.builders import node
from troth.adapters.edi.maps.numbers import X12_MAX, write_work
from troth.adapters.edi.tongue import EdiTongue
from troth.adapters.node_files.folder import open_local
from troth.flows.door.system import System
from troth.flows.edi.folders import exchange_interchanges
from troth.flows.edi.partners import set_partner
from troth.flows.edi.receive import Received, receive
from troth.flows.edi.send import write_all_told
from troth.flows.nodes.files import Exchanged, Place
from troth.flows.records.configure import Set
from troth.model.edi_interchange import Direction, StoredInterchange
from troth.model.edi_partner import AckForm, Documents, EdiPartner, Habits, Party, Syntax, Usage
from troth.model.ids import FulfillmentId, NodeId
from troth.model.network import Node
from troth.model.node_link import NodeLink, Reach
from troth.store.edi_interchanges import find_interchanges

NAME = "3PL-EAST"
TONGUE = EdiTongue()
US, THEM = Party("TROTH", "ZZ"), Party("3PLEAST", "ZZ")


def edi_partner(name: str = NAME, **changes: Any) -> EdiPartner:
    """A warehouse that gets 940 and answers by 945, in a folder."""
    values: dict[str, Any] = {
        "name": "East coast warehouse",
        "syntax": Syntax.X12,
        "version": "004010",
        "us": US,
        "them": THEM,
        "usage": Usage.PRODUCTION,
        "documents": Documents.WAREHOUSE,
        "nodes": (NodeId("3PL-1"),),
        "acknowledgment": AckForm.X12_997,
        "folder": "east",
        "habits": Habits(our_number="DEP-77", time_zone="America/New_York"),
    }
    return EdiPartner(name, **values | changes)


def edi_node(name: str = "3PL-1", by: str = NAME, **changes: Any) -> Node:
    """A node that a partner speaks for."""
    link = NodeLink(Reach.EDI, partner=by, **changes)
    return node(name, link=link, latitude=40.7)


async def agree(system: System, partner: EdiPartner) -> None:
    """Set a partner."""
    done = await set_partner(system, partner, actor="test")
    assert isinstance(done, Set), done


@dataclass(frozen=True, slots=True)
class OtherSide:
    """A partner as it sees us."""

    system: System
    root: Path
    partner: EdiPartner = field(default_factory=lambda: edi_partner(owed_minutes=15))

    async def exchange(self) -> Exchanged:
        """A round of the worker, in which it is the turn of every folder."""
        await write_all_told(self.system, TONGUE)
        await self.system.pool.execute("UPDATE edi_exchanges SET attempt_at = now(), claimed_until = NULL")
        return await exchange_interchanges(self.system, TONGUE, open_local(self.root))

    async def send(self, content: str) -> Received:
        """Send something as by HTTP."""
        return await receive(self.system, TONGUE, self.partner, content.encode())

    async def sent(self, direction: Direction = Direction.OUT) -> list[StoredInterchange]:
        """What was exchanged one way, the first first."""
        async with self.system.pool.acquire() as connection:
            found = await find_interchanges(connection, self.partner.partner, direction=direction, limit=100)
        return sorted(found, key=lambda one: one.number)

    def names(self, place: Place) -> list[str]:
        """The files at a place of the folder."""
        where = self.root / self.partner.folder / place
        return sorted(one.name for one in where.iterdir()) if where.is_dir() else []

    def put(self, name: str, text: str) -> None:
        """Lay a file into the folder."""
        where = self.root / self.partner.folder / "in"
        where.mkdir(parents=True, exist_ok=True)
        (where / name).write_text(text)

    def read(self, place: Place, name: str) -> str:
        """What a file says."""
        return (self.root / self.partner.folder / place / name).read_text()


def x12(
    code: str,
    *transactions: tuple[str, Sequence[str]],
    control: int = 1,
    sender: Party = THEM,
    receiver: Party = US,
    usage: str = "P",
) -> str:
    """An interchange of a partner: transactions by their kind, each as its segments; one of them a line."""
    who = f"{sender.qualifier}*{sender.identification:<15}*{receiver.qualifier}*{receiver.identification:<15}"
    lines = [
        f"ISA*00*          *00*          *{who}*261123*1100*U*00401*{control:09d}*0*{usage}*>",
        f"GS*{code}*{sender.identification}*{receiver.identification}*20261123*1100*{control}*X*004010",
    ]
    for place, (kind, segments) in enumerate(transactions, 1):
        lines += [f"ST*{kind}*{place:04d}", *segments, f"SE*{len(segments) + 2}*{place:04d}"]
    lines += [f"GE*{len(transactions)}*{control}", f"IEA*1*{control:09d}"]
    return "~\n".join(lines) + "~\n"


def shipped(work: FulfillmentId, tracking: str = "1Z1", *, sku: str = "A", units: int = 2) -> tuple[str, list[str]]:
    """A 945: units of one line left as they were ordered, in one parcel."""
    return "945", [
        f"W06*F*{short(work)}*20261123*S-1",
        f"N9*2I*{tracking}",
        "W27*M*UPSN*GROUND",
        "LX*1",
        f"W12*SH*{units}*{units}**EA**VN*{sku}",
        f"W03*{units}",
    ]


def acknowledged(group: int, *fates: str, code: str = "OW", kind: str = "940") -> tuple[str, list[str]]:
    """A 997 about a group of ours: `A`, `E` or `R` for each of its transactions, with an error where it is not `A`."""
    segments = [f"AK1*{code}*{group}"]
    for place, fate in enumerate(fates, 1):
        segments.append(f"AK2*{kind}*{place:04d}")
        if fate != "A":
            segments += ["AK3*N4*7**8", "AK4*3*116*5*100181234567890123"]
        segments.append(f"AK5*{fate}")
    good = len([one for one in fates if one != "R"])
    whole = "A" if good == len(fates) else "R" if not good else "P"
    return "997", [*segments, f"AK9*{whole}*{len(fates)}*{len(fates)}*{good}"]


def short(work: FulfillmentId) -> str:
    """How work is called in X12."""
    return write_work(work, X12_MAX)
