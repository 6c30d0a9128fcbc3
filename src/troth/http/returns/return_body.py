"""What clients send about returns, and the content that the flows take."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from troth.flows.orders.capture import ContentPayment
from troth.flows.orders.returns import ReplacedLine, Replacement, ReturnContent
from troth.http.edge.body import Id, Instant, LotName, MoneyBody, Strict, Text
from troth.http.edge.measures import Quantity, Scaling
from troth.http.orders.order_body import PaymentBody, Service
from troth.http.orders.place_body import AddressBody, NearBody
from troth.model.ids import LineId, NodeId, OrderId, Sku
from troth.model.item import Item
from troth.model.lifecycle import Disposition
from troth.model.order import Method
from troth.model.return_moves import ArrivedUnits, AskedUnits, JudgedUnits
from troth.model.returns import ReturnKind, ReturnMethod

LINES_MAX = 1_000
_SERIALS_MAX = 1_000

Reason = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[a-z0-9_]+$")]
Serial = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[!-~]+$")]
Serials = Annotated[tuple[Serial, ...], Field(max_length=_SERIALS_MAX, strict=False)]
Grade = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ReturnLineBody(Strict):
    """Units of an order line that are to come back."""

    line_id: Id
    quantity: Quantity
    reason: Reason
    sku: Annotated[
        Id | None, Field(description="A component of a kit, or a substitute; without it the line's own.")
    ] = None
    serials: Serials = ()


class ReplacedLineBody(Strict):
    """What is sent instead: the same item for what was paid, another one at its price, or at the one given."""

    line_id: Id
    sku: Id
    quantity: Quantity
    unit_price: MoneyBody | None = None


class ExchangeBody(Strict):
    """What replaces the goods, sent as the order was unless it is said; with `advance` before they came back."""

    lines: Annotated[tuple[ReplacedLineBody, ...], Field(min_length=1, max_length=LINES_MAX, strict=False)]
    advance: bool = False
    method: Annotated[Method | None, Field(strict=False)] = None
    ship_to: AddressBody | None = None
    pickup_node: Id | None = None
    service: Service = ""
    payments: Annotated[
        tuple[PaymentBody, ...], Field(max_length=20, strict=False, description="For what it costs more.")
    ] = ()

    def replacement(self, items: Mapping[Sku, Item], scaling: Scaling) -> Replacement:
        """The replacement that this is."""
        return Replacement(
            tuple(
                ReplacedLine(
                    LineId(line.line_id),
                    Sku(line.sku),
                    scaling.of_item(line.quantity, items.get(Sku(line.sku)), f"/exchange/lines/{at}/quantity"),
                    None if line.unit_price is None else line.unit_price.parse(f"/exchange/lines/{at}/unit_price"),
                )
                for at, line in enumerate(self.lines)
            ),
            self.advance,
            self.method,
            None if self.ship_to is None else self.ship_to.address(),
            None if self.pickup_node is None else NodeId(self.pickup_node),
            self.service,
            tuple(
                ContentPayment(
                    one.provider, one.reference, one.amount.parse(f"/exchange/payments/{at}/amount"), one.status
                )
                for at, one in enumerate(self.payments)
            ),
        )


class ReturnBody(Strict):
    """A return of units of an order, whatever channel it came from, or a claim about them."""

    order_id: Annotated[Id, Field(description="The order, by its id or as `channel:external_id`.")]
    lines: Annotated[tuple[ReturnLineBody, ...], Field(min_length=1, max_length=LINES_MAX, strict=False)]
    method: Annotated[ReturnMethod, Field(strict=False, description="`none`: of a claim nothing comes back.")]
    node: Annotated[
        Id | None, Field(description="Where it comes back; by mail it may be left out: where it is worth most.")
    ] = None
    kind: Annotated[ReturnKind, Field(strict=False)] = ReturnKind.RETURN
    amount: Annotated[MoneyBody | None, Field(description="What a claim asks for goods that the customer keeps.")] = (
        None
    )
    exchange: ExchangeBody | None = None
    without_receipt: bool = False
    exception: Annotated[Text, Field(description="Why it is let pass, whatever the windows say.")] = ""
    near: Annotated[NearBody | None, Field(description="Where about the customer looks for a store.")] = None

    def content(self, order_id: OrderId, decimals: Mapping[str, int], items: Mapping[Sku, Item]) -> ReturnContent:
        """The return that is asked for, of lines with so many decimals."""
        scaling = Scaling()
        content = ReturnContent(
            order_id,
            tuple(
                AskedUnits(
                    LineId(line.line_id),
                    scaling.of_line(line.quantity, decimals, line.line_id, f"/lines/{at}/quantity"),
                    line.reason,
                    None if line.sku is None else Sku(line.sku),
                    line.serials,
                )
                for at, line in enumerate(self.lines)
            ),
            self.method,
            None if self.node is None else NodeId(self.node),
            self.kind,
            None if self.amount is None else self.amount.parse("/amount"),
            None if self.exchange is None else self.exchange.replacement(items, scaling),
            self.without_receipt,
            self.exception,
            None if self.near is None else self.near.point(),
        )
        scaling.done()
        return content


class SendBody(Strict):
    """Which carrier has it, and since when."""

    carrier: Text = ""
    tracking_number: Annotated[str, StringConstraints(max_length=64, pattern=r"^[!-~]*$")] = ""
    at: Instant | None = None


class ArrivedBody(Strict):
    """Units that arrived: of an order line, or whatever else was in the parcel by its SKU."""

    line_id: Id | None = None
    sku: Id | None = None
    quantity: Quantity
    grade: Annotated[Grade, Field(description="Without one the units wait to be graded.")] = ""
    disposition: Annotated[
        Disposition | None, Field(strict=False, description="Without one the rules say it by the grade.")
    ] = None
    lot: LotName | None = None
    expires_on: Annotated[date | None, Field(description="The last good day that is printed on the lot.")] = None
    serials: Serials = ()


class ReceiveBody(Strict):
    """What arrived at a node."""

    node: Id
    lines: Annotated[tuple[ArrivedBody, ...], Field(min_length=1, max_length=LINES_MAX, strict=False)]
    at: Instant | None = None
    more: Annotated[bool, Field(description="These came besides what came before, though no more was announced.")] = (
        False
    )

    def arrived(self, decimals: Mapping[str, int], items: Mapping[Sku, Item]) -> tuple[ArrivedUnits, ...]:
        """The units that are meant, of lines with so many decimals."""
        scaling = Scaling()
        arrived = tuple(
            ArrivedUnits(
                scaling.of_line(line.quantity, decimals, line.line_id, f"/lines/{at}/quantity")
                if line.line_id is not None
                else scaling.of_item(line.quantity, items.get(Sku(line.sku or "")), f"/lines/{at}/quantity"),
                None if line.line_id is None else LineId(line.line_id),
                None if line.sku is None else Sku(line.sku),
                line.grade,
                line.disposition,
                line.lot or "",
                line.expires_on,
                line.serials,
            )
            for at, line in enumerate(self.lines)
        )
        scaling.done()
        return arrived


class JudgedBody(Strict):
    """Received units by their number, all of them or some, and what is done with them."""

    number: Annotated[int, Field(ge=1, le=100_000)]
    quantity: Annotated[Quantity | None, Field(description="Without it all that lie under the number.")] = None
    disposition: Annotated[Disposition | None, Field(strict=False)] = None
    grade: Grade = ""


class DisposeBody(Strict):
    """What is done with units that came back."""

    lines: Annotated[tuple[JudgedBody, ...], Field(min_length=1, max_length=LINES_MAX, strict=False)]

    def judged(self, units: Mapping[int, tuple[int, int]]) -> tuple[JudgedUnits, ...]:
        """The units that are meant; `units` are (quantity, decimals) by number."""
        scaling = Scaling()
        judged = tuple(
            JudgedUnits(
                line.number,
                units.get(line.number, (1, 0))[0]
                if line.quantity is None
                else scaling.units(
                    line.quantity,
                    units.get(line.number, (0, 0))[1],
                    f"/lines/{at}/quantity",
                    f"units under number {line.number} are measured so",
                ),
                line.disposition,
                line.grade,
            )
            for at, line in enumerate(self.lines)
        )
        scaling.done()
        return judged


class RefundBody(Strict):
    """What is credited: everything that came back and is not credited yet, or an amount in its place."""

    amount: MoneyBody | None = None
    reason: Text = ""


class EndBody(Strict):
    """Why a return ends."""

    reason: Text = ""
