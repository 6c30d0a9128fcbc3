"""A shop that tells its customers something: orders that live, and what their customers get to read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from tests.builders import Clock, accepted, capture
from tests.telling.mail_server import MailServer
from troth.adapters.messages.smtp import Server, Smtp
from troth.flows.documents.families import MESSAGE_TEMPLATES, NOTIFICATION_RULES, Family
from troth.flows.door.system import System
from troth.flows.orders.due import act_on_due
from troth.flows.publishing.draft import Saved, save_draft
from troth.flows.publishing.publish import activate
from troth.flows.telling.follow import follow_log
from troth.flows.telling.media import Letter, Receipt, Sender, Taken
from troth.flows.telling.send import send_due
from troth.model.commands import AcceptWork, DeliverWork, PackWork, PickWork, ReleaseOrder, ShipWork, StageWork
from troth.model.ids import OrderId
from troth.model.notification import Medium, Origin
from troth.model.order import Order, Package
from troth.model.status import live_allocations
from troth.store.notifications import Notification, NotificationFilter, find_notifications
from troth.store.orders import read_orders

ORIGIN = Origin("Tea & Co", "orders@tea.example", "https://tea.example")


@dataclass
class Box:
    """A medium that keeps what it is given, and gives the receipts that it is told to."""

    receipts: list[Receipt] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

    async def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        self.letters += letters
        return [self.receipts.pop(0) if self.receipts else Taken() for _ in letters]


@dataclass
class Shop:
    """A shop with its clock and the mail server that it writes by; `more` are other media."""

    system: System
    clock: Clock
    server: MailServer
    more: dict[Medium, Sender] = field(default_factory=dict)

    @property
    def senders(self) -> dict[Medium, Sender]:
        smtp: Sender = Smtp(Server("smtp", "127.0.0.1", self.server.port), "orders@tea.example")
        return {Medium.EMAIL: smtp} | self.more

    async def order(self, external_id: str = "W-1", lines: dict[str, int] | None = None, **changes: Any) -> Order:
        """A captured order."""
        return accepted(await self.system.door.one(capture(external_id, lines, **changes), actor="test"))

    async def follow(self) -> None:
        """Read the log to its end."""
        while await follow_log(self.system, self.senders.keys()):
            pass

    async def tell(self, *, after_seconds: float = 61.0) -> list[EmailMessage]:
        """Read the log, let the time pass that is waited for more, and send; the mails that were taken by that."""
        await self.follow()
        self.clock.advance(seconds=after_seconds)
        before = len(self.server.mails)
        while await send_due(self.system, self.senders, limit=10):
            pass
        return self.server.mails[before:]

    async def tell_after_days(self, days: int) -> list[EmailMessage]:
        """Let days pass, hour by hour, with all that the clock asks for; the mails that were taken meanwhile."""
        mails: list[EmailMessage] = []
        for _ in range(days * 6):
            self.clock.advance(hours=4)
            await act_on_due(self.system, self.system.door.now(), limit=100)
            mails += await self.tell()
        return mails

    async def ship(self, order: Order, *, tracking: str = "1Z999", carrier: str = "UPS") -> Order:
        """Release an order and ship its first fulfillment in one parcel."""
        accepted(await self.system.door.one(ReleaseOrder(order.order_id), actor="test"))
        name = live_allocations(order)[0].fulfillment_id
        for command in (AcceptWork(name), PickWork(name), PackWork(name)):
            accepted(await self.system.door.one(command, actor="test"))
        parcel = Package("1", (), 500, carrier, "", tracking)
        return accepted(await self.system.door.one(ShipWork(name, (parcel,)), actor="test"))

    async def deliver(self, order: Order) -> Order:
        """Say that the first fulfillment of a shipped order arrived."""
        name = order.fulfillments[0].fulfillment_id
        return accepted(await self.system.door.one(DeliverWork(name), actor="ups"))

    async def release_to_ready(self, order: Order) -> Order:
        """Release an order, and let its first fulfillment wait for the customer."""
        accepted(await self.system.door.one(ReleaseOrder(order.order_id), actor="test"))
        name = order.fulfillments[0].fulfillment_id
        for command in (AcceptWork(name), PickWork(name)):
            accepted(await self.system.door.one(command, actor="test"))
        return accepted(await self.system.door.one(StageWork(name, "A3"), actor="test"))

    async def read(self, order_id: OrderId) -> Order:
        """An order as it is stored."""
        async with self.system.pool.acquire() as connection:
            return (await read_orders(connection, [order_id]))[order_id]

    async def notifications(self, **wanted: str) -> list[Notification]:
        """What is kept of notifications, the oldest first."""
        async with self.system.pool.acquire() as connection:
            found = await find_notifications(connection, NotificationFilter(**wanted), before=None, limit=100)
        return found[::-1]

    async def states(self) -> list[tuple[str, str]]:
        """The kind and the state of each."""
        return sorted((one.kind, one.state.value) for one in await self.notifications())

    async def put(self, family: Family[Any], content: dict[str, Any], name: str = "everyday") -> None:
        """Put a document in force."""
        saved = await save_draft(self.system, family, name, content, actor="test")
        assert isinstance(saved, Saved), saved
        await activate(self.system, family, name, saved.document.version, reason="test", actor="test")
        await self.system.door.follow()

    async def rules(self, content: dict[str, Any]) -> None:
        """Put notification rules in force."""
        await self.put(NOTIFICATION_RULES, content)

    async def texts(self, content: dict[str, Any]) -> None:
        """Put texts in force."""
        await self.put(MESSAGE_TEMPLATES, content)


def body(mail: EmailMessage, kind: str = "plain") -> str:
    """The plain text of a mail, or its HTML."""
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")
