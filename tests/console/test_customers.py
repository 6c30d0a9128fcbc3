"""The pages of customers and blanket orders: what is owed and left, set and ended; and dates on an order's page."""

import html
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from tests.builders import NOW, accepted, capture
from tests.console.conftest import HOSTILE, begin_session, post
from troth.flows.door.system import System
from troth.flows.records import blanket_orders, customers
from troth.model.blanket import BLANKET_ORDER, BlanketLine, BlanketOrder
from troth.model.credit import CustomerTerms
from troth.model.ids import LineId, Sku
from troth.model.order import Customer, Line, Order, Terms
from troth.model.routing_guide import RoutingGuide

CUSTOMER = Customer("C-1")
TERMS = {"name": "Park & Sons", "customer_class": "retail", "priority": "5", "currency": "USD", "terms_days": "30"}
AGREED = {
    "blanket_id": "BO-1",
    "customer_id": "C-1",
    "currency": "USD",
    "starts_at": "2026-11-01T00:00",
    "ends_at": "2027-11-01T00:00",
    "release_days": "0",
    "lines": "A; 10; 19.90\r\nB\t\t5.50\r\n",
    "value_max": "500",
    "version": "new",
}


@pytest.fixture
async def client(stranger: httpx.AsyncClient, system: System) -> httpx.AsyncClient:
    """An administrator: credit is configuration."""
    token = await begin_session(system, "root", "administrator")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    return stranger


async def order(system: System, name: str, units: int, **changes: object) -> Order:
    command = replace(capture(name, {"A": units}), customer=CUSTOMER, **changes)  # type: ignore[arg-type]
    return accepted(await system.door.one(command, actor="test"))


async def credit(system: System) -> tuple[int | None, int, int]:
    """The limit, what is used and what is held (minor units), as they are written."""
    found = await customers.read(system, "C-1")
    assert found is not None
    one = found.value.credit
    return (None, 0, 0) if one is None else (one.limit_minor, one.used_minor, found.value.held_minor)


async def test_a_customer_is_made_found_and_shown_with_the_orders_that_count(
    client: httpx.AsyncClient, system: System
) -> None:
    empty = await client.get("/console/customers")
    made = await post(
        client, "/new-customer", "/customers", customer_id="C-1", version="new", credit_limit="100", **TERMS
    )
    await order(system, "W-OPEN", 4)
    await order(system, "W-HELD", 3)
    found, elsewhere = [html.unescape((await client.get(f"/console/customers?q={q}")).text) for q in ("park", "zoo")]
    shown = html.unescape((await client.get("/console/customers/C-1?done=set")).text)

    assert "No customers yet." in empty.text
    assert (made.status_code, made.headers["location"]) == (303, "/console/customers/C-1?done=set")
    assert ("Park & Sons" in found, "Park & Sons" in elsewhere) == (True, False)
    for told in ("$100.00", "$79.60", "$20.40", "$59.70"):
        assert (told in found, told in shown) == (True, True), told
    assert shown.index("W-HELD") < shown.index("W-OPEN")


async def test_a_limit_that_is_set_and_a_balance_that_is_told_let_orders_go(
    client: httpx.AsyncClient, system: System
) -> None:
    await customers.set_terms(system, CustomerTerms("C-1", credit_limit_minor=1_000), actor="test")
    await order(system, "W-1", 1)
    assert await credit(system) == (1_000, 0, 1_990)

    set_ = await post(client, "/customers/C-1", "/customers/C-1", version="1", credit_limit="30.00", **TERMS)
    assert (set_.status_code, await credit(system)) == (303, (3_000, 1_990, 0))
    told = await post(client, "/customers/C-1", "/customers/C-1/balance", unpaid="10.10")
    assert (told.status_code, await credit(system)) == (303, (3_000, 3_000, 0))
    older = await post(client, "/customers/C-1", "/customers/C-1/balance", unpaid="1", as_of="2026-01-01T00:00")
    assert (older.status_code, "A later balance was told already" in older.text) == (409, True)
    assert await credit(system) == (3_000, 3_000, 0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"credit_limit": "1.005"}, "The credit limit must be an amount of USD"),
        ({"credit_limit": "-1"}, "The credit limit must not be negative"),
        ({"currency": "USX"}, "USX is no ISO 4217 code"),
        ({"priority": "-1"}, "Priority must be a whole number"),
        ({"terms_days": "366"}, "Terms days must be a whole number up to 365"),
        ({"version": "7"}, 'Expected version "7", found "1"'),
    ],
)
async def test_terms_that_cannot_be_are_refused_with_what_was_typed(
    client: httpx.AsyncClient, system: System, changed: dict[str, str], told: str
) -> None:
    await customers.set_terms(system, CustomerTerms("C-1", credit_limit_minor=1_000), actor="test")
    given = {"credit_limit": "30.00", "version": "1", **TERMS, "name": HOSTILE} | changed
    refused = await post(client, "/customers/C-1", "/customers/C-1", **given)

    assert (refused.status_code, told in html.unescape(refused.text)) == (409, True)
    assert "<script>alert" not in refused.text
    assert HOSTILE in html.unescape(refused.text)
    assert await credit(system) == (1_000, 0, 0)
    assert await system.pool.fetchval("SELECT version FROM customers") == 1


GUIDE = {
    "carriers": "ups, fedex, ups",
    "wrong_carrier": "250",
    "late_percent": "3.5",
    "notice_minutes": "60",
    "late_notice": "200.00",
}


async def test_a_routing_guide_is_set_shown_again_and_taken_away_by_a_form(
    client: httpx.AsyncClient, system: System
) -> None:
    await post_customer(client, system)
    here = "/customers/C-1"
    made = await post(client, here, f"{here}/guide", **GUIDE)
    found = await customers.read(system, "C-1")
    shown = (await client.get(made.headers["location"])).text
    kept = await post(client, here, here, credit_limit="70", **TERMS)
    with_limit = await customers.read(system, "C-1")
    await post(client, here, f"{here}/guide", do="none")
    without = await customers.read(system, "C-1")

    assert (made.status_code, kept.status_code) == (303, 303)
    assert found is not None
    assert found.value.terms.guide == RoutingGuide(
        "USD", "C-1@2", ("ups", "fedex"), carrier_minor=25_000, late_basis_points=350, notice_minutes=60,
        notice_minor=20_000,
    )  # fmt: skip
    assert "It holds for orders that are promised from now on." in shown
    for field, value in {**GUIDE, "carriers": "ups, fedex", "wrong_carrier": "250.00"}.items():
        assert f'name="{field}" value="{value}"' in shown
    assert with_limit is not None
    assert with_limit.value.terms.guide == found.value.terms.guide
    assert without is not None
    assert without.value.terms.guide is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"wrong_carrier": "5"}, "Wrong carrier has no meaning without carriers or services."),
        ({"late_notice": "5"}, "Late notice has no meaning without notice minutes."),
        ({"late": "-1"}, "Late must not be negative."),
        ({"late_percent": "101"}, "Late percent must be from 0 to 100, with two decimals at most."),
        ({"short_percent": "many"}, "Short percent is no number."),
        ({"notice_minutes": "1.5"}, "Notice minutes must be a whole number up to 43200."),
        ({"version": "7"}, ""),
    ],
)
async def test_a_guide_that_cannot_be_is_refused_with_what_was_typed(
    client: httpx.AsyncClient, system: System, fields: dict[str, str], words: str
) -> None:
    await post_customer(client, system)
    here = "/customers/C-1"
    refused = await post(client, here, f"{here}/guide", split="25", **fields)
    found = await customers.read(system, "C-1")

    assert refused.status_code == 409
    assert words in html.unescape(refused.text)
    assert 'name="split" value="25"' in refused.text
    assert found is not None
    assert found.value.terms.guide is None


async def test_who_may_only_read_sees_terms_and_no_forms(client: httpx.AsyncClient, system: System) -> None:
    await customers.set_terms(system, CustomerTerms("C-1", customer_class="retail"), actor="test")
    token = await begin_session(system, "pat", "operator")
    client.cookies.set("troth_session", token, domain="console.test", path="/console")
    shown = await client.get("/console/customers/C-1")
    forbidden = await client.get("/console/new-customer")

    assert ("retail" in shown.text, "Tell the balance" in shown.text) == (True, False)
    assert forbidden.status_code == 403


async def test_a_blanket_order_is_made_called_off_and_ended(client: httpx.AsyncClient, system: System) -> None:
    empty = await client.get("/console/blanket-orders")
    nobody = await post(client, "/new-blanket-order", "/blanket-orders", **AGREED)
    await customers.set_terms(system, CustomerTerms("C-1"), actor="test")
    made = await post(client, "/new-blanket-order", "/blanket-orders", **AGREED)
    called = await order(system, "W-CALLED", 4, attributes={BLANKET_ORDER: "BO-1"})
    shown = html.unescape((await client.get("/console/blanket-orders/BO-1")).text)
    listed = await client.get("/console/blanket-orders?customer=C-1")
    elsewhere = await client.get("/console/blanket-orders?customer=C-2")
    of_customer = await post_customer(client, system)
    ended = await post(client, "/blanket-orders/BO-1", "/blanket-orders/BO-1/end", version="1")
    again = await post(client, "/blanket-orders/BO-1", "/blanket-orders/BO-1", **AGREED | {"version": "2"})
    over = await client.get("/console/blanket-orders/BO-1")

    assert "No blanket orders yet." in empty.text
    assert (nobody.status_code, "There is no customer C-1" in html.unescape(nobody.text)) == (409, True)
    assert (made.status_code, made.headers["location"]) == (303, "/console/blanket-orders/BO-1?done=set")
    assert f'href="/console/orders/{called.order_id}"' in shown
    for told in ("$79.60", "$420.40 left", "by value", "W-CALLED", ">6</td>", "A; 10; 19.90\nB; ; 5.50"):
        assert told in shown, told
    assert ("BO-1" in listed.text, "BO-1" in elsewhere.text, "BO-1" in of_customer) == (True, False, True)
    assert ended.status_code == 303
    assert (again.status_code, "Ended" in over.text) == (303, False)
    found = await blanket_orders.read(system, "BO-1")
    assert found is not None
    assert (found.version, found.value.agreement.called.units) == (3, {"A": 4})


async def post_customer(client: httpx.AsyncClient, system: System) -> str:
    """The page of the customer of the blanket order."""
    await customers.set_terms(system, CustomerTerms("C-1"), actor="test")
    return (await client.get("/console/customers/C-1")).text


async def test_what_was_ended_is_shown_as_ended_and_is_not_ended_again(
    client: httpx.AsyncClient, system: System
) -> None:
    agreed = BlanketOrder("BO-1", "C-1", "USD", NOW - timedelta(days=1), NOW, (BlanketLine(Sku("A"), 1_990, 10),))
    await customers.set_terms(system, CustomerTerms("C-1"), actor="test")
    await blanket_orders.set_blanket_order(system, agreed, actor="test")
    shown = await client.get("/console/blanket-orders/BO-1")
    refused = await post(client, "/blanket-orders/BO-1", "/blanket-orders/BO-1/end", version="1")

    assert ("Ended" in shown.text, 'class="danger"' in shown.text) == (True, False)
    assert (refused.status_code, "Only what is open can be ended" in refused.text) == (409, True)
    assert await system.pool.fetchval("SELECT version FROM blanket_orders") == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"lines": "A; 10"}, "Row 1 must be an item, a quantity and a price"),
        ({"lines": "A; 10; 19.90\nZ; 1; 1"}, "Row 2: there is no item Z"),
        ({"lines": "A; 1.5; 19.90"}, "Row 1: the quantity must be a whole number: A is sold by the piece"),
        ({"lines": "A; NaN; 19.90"}, "Row 1: the quantity must be a whole number"),
        ({"lines": "A; x; 19.90"}, "Row 1: the quantity is no number"),
        ({"lines": "A; 1; x"}, "Row 1: the price must be an amount of USD"),
        ({"lines": "A; 1; 1\nA; 2; 2"}, "An item may have one row only"),
        ({"lines": "A;; 1", "value_max": ""}, "Row 1: the quantity is required where the value is not limited"),
        ({"lines": " "}, "A blanket order has between 1 and 5000 lines"),
        ({"ends_at": "2026-11-01T00:00"}, "The end must be later than the begin"),
        ({"starts_at": "soon"}, "The begin must be a time"),
        ({"customer_id": ""}, "The customer needs an id"),
        ({"blanket_id": ""}, "A blanket order needs an id"),
    ],
)
async def test_an_agreement_that_cannot_be_is_refused_by_its_row(
    client: httpx.AsyncClient, system: System, changed: dict[str, str], told: str
) -> None:
    refused = await post(client, "/new-blanket-order", "/blanket-orders", **AGREED | changed)

    assert (refused.status_code, told in html.unescape(refused.text)) == (409, True), refused.text
    assert await system.pool.fetchval("SELECT count(*) FROM blanket_orders") == 0


async def test_pages_of_what_is_not_there_say_so(client: httpx.AsyncClient) -> None:
    for path in ("/customers/NOBODY", "/blanket-orders/NONE"):
        assert (await client.get(f"/console{path}")).status_code == 404, path


async def test_the_dates_of_a_line_are_on_the_page_of_its_order(client: httpx.AsyncClient, system: System) -> None:
    of_one = Terms(schedule_of=LineId("1"))
    lines = (
        Line(LineId("1.1"), Sku("A"), 3, 1_990, terms=of_one, need_by=NOW + timedelta(minutes=1)),
        Line(LineId("1.2"), Sku("A"), 4, 1_990, terms=of_one, not_before=NOW + timedelta(days=60)),
    )
    placed = accepted(await system.door.one(replace(capture("W-1"), lines=lines), actor="test"))
    plain = await order(system, "W-2", 1)
    shown = (await client.get(f"/console/orders/{placed.order_id}")).text
    dates = shown.split('id="schedules-head"')[1].split("</section>")[0]

    assert "<strong>7</strong>" in dates
    assert ("<td>1.1</td>" in dates, "<td>1.2</td>" in dates, dates.count("late</span>")) == (True, True, 1)
    assert 'id="schedules-head"' not in (await client.get(f"/console/orders/{plain.order_id}")).text
