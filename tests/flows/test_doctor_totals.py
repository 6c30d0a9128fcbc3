"""The doctor's own sum of each order is the code's, whatever an order has: discounts, taxes, measures, substitutes."""

from dataclasses import replace

from tests.builders import Clock, accepted, capture, item, node, set_up, stock
from tests.conftest import Database
from troth.flows.door.system import open_system
from troth.flows.log.doctor import examine
from troth.model.charges import Charges, DeliveryCharge
from troth.model.commands import CancelOrder, LineQuantity
from troth.model.ids import LineId, Sku
from troth.model.item import Substitute
from troth.model.order import Consent, Line, Terms

ONE = LineId("1")
ITEMS = (
    item("A", substitutes=(Substitute(Sku("B"), -15),)),
    item("B"),
    item("M", unit="m", decimals=2),
)


async def test_the_doctor_sums_up_what_the_code_does(database: Database) -> None:
    await set_up(database.pool, nodes=(node(),), items=ITEMS)
    async with open_system(database.dsn, clock=Clock()) as system:
        await stock(system, {("A", "DC-PA"): 9, ("B", "DC-PA"): 9, ("M", "DC-PA"): 900})
        charges = Charges(7, discount_minor=101, tax_minor=333, order_discount_minor=50)
        lines = {
            "plain": Line(ONE, Sku("A"), 2, 1990),
            "charged": Line(ONE, Sku("B"), 7, 1990, charges=charges),
            "measured": Line(ONE, Sku("M"), 125, 333, charges=replace(charges, units=125)),
            "substituted": Line(ONE, Sku("A"), 9, 1990, terms=Terms(substitutes=Consent.ALLOW), charges=charges),
        }
        for name, line in lines.items():
            for includes_tax in (False, True):
                made = await system.door.one(
                    replace(
                        capture(f"{name}-{includes_tax}"),
                        lines=(replace(line, quantity=line.quantity if includes_tax else 1),),
                        prices_include_tax=includes_tax,
                        delivery_charge=DeliveryCharge(599, 48, 100),
                    ),
                    actor="test",
                )
                if name == "measured":
                    order = accepted(made)
                    some = (LineQuantity(ONE, 1),) if order.lines[0].quantity > 1 else ()
                    accepted(await system.door.one(CancelOrder(order.order_id, "less", some), actor="test"))

        report = await examine(system.pool, orders_max=None, now=system.door.now())
        totals = {row["external_id"]: row["total_minor"] for row in await system.pool.fetch("SELECT * FROM orders")}

    assert report.is_clean, report.text()
    assert totals["plain-True"] == 2 * 1990 + 499
    assert totals["measured-False"] == 0
    assert len(totals) >= 6
