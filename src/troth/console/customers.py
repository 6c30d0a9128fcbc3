"""Customers: what they may owe, what is used of it and by which orders, and what they charge back; set, and told."""

from dataclasses import replace
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import Response
from starlette.routing import Route

from troth.console.agreed_forms import balance_in, expected_in, id_in, terms_in
from troth.console.guide_form import guide_in, guide_text
from troth.console.tried import NOTHING_TRIED, Tried, go_back, show_missing
from troth.flows.records import blanket_orders, customers
from troth.flows.records.configure import Set
from troth.flows.records.customers import Standing
from troth.model.credit import CustomerTerms
from troth.model.money import Money
from troth.pages.asking import Unfit, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import query
from troth.pages.views_refusal import flaw, tell_by_field
from troth.store.customers import find_credit_users
from troth.store.reference import Versioned

_SECTION: Final = "customers"
_PAGE: Final = 50
_ORDERS_SHOWN: Final = 50
_NEW: Final = Versioned(Standing(CustomerTerms(""), None, 0, None), 0)
_DONE: Final = {
    "set": "Set. Orders that fit into the credit now are let go.",
    "guide": "Set. It holds for orders that are promised from now on.",
    "balance": "Told. Orders that fit into the credit now are let go.",
}


async def show_customers(visit: Visit) -> Response:
    """A page of customers by id, with what is used of their credit."""
    asked, after = visit.asked("q"), visit.asked("after")
    found = await customers.find(visit.system, text=asked or None, after=after or None, only=None, limit=_PAGE + 1)
    rows = found[:_PAGE]
    return page(
        visit,
        "customers.html",
        section="customers",
        title="Customers",
        asked=asked,
        rows=rows,
        more=query(q=asked, after=rows[-1].terms.customer_id) if len(found) > _PAGE else "",
        is_first=not after,
        may_set=visit.actor.may("configuration:write"),
    )


async def show_new(visit: Visit) -> Response:
    """The form of a customer who is not known yet."""
    return await _again(visit)


async def show_customer(visit: Visit) -> Response:
    """One customer."""
    return await _again(visit)


async def set_customer(visit: Visit) -> Response:
    """Create or replace a customer as the form says, under the routing guide that they have."""
    form = await visit.request.form()
    try:
        customer_id = visit.request.path_params.get("customer_id") or id_in(form, "customer_id", "a customer")
        known = await customers.read(visit.system, customer_id)
        terms, guide = terms_in(form, customer_id), None if known is None else known.value.terms.guide
        if guide is not None and guide.currency != terms.currency:
            raise Unfit(f"the currency must stay {guide.currency}: the routing guide is in it")
    except Unfit as unfit:
        return await _again(visit, Tried(form, "set", flaw(str(unfit))))
    return await _set(visit, form, replace(terms, guide=guide), "set")


async def set_guide(visit: Visit) -> Response:
    """Put a customer under the routing guide that the form says, or under none."""
    form, customer_id = await visit.request.form(), visit.request.path_params["customer_id"]
    known = await customers.read(visit.system, customer_id)
    if known is None:
        return _missing(visit, customer_id)
    terms = known.value.terms
    try:
        guide = None if text(form, "do") == "none" else guide_in(form, terms.currency)
    except Unfit as unfit:
        return await _again(visit, Tried(form, "guide", flaw(str(unfit))))
    return await _set(visit, form, replace(terms, guide=guide), "guide")


async def _set(visit: Visit, form: FormData, terms: CustomerTerms, action: str) -> Response:
    done = await customers.set_terms(visit.system, terms, actor=visit.actor.name, expected=expected_in(form))
    if not isinstance(done, Set):
        return await _again(visit, Tried(form, action, tell_by_field(done)))
    return go_back(visit, _SECTION, terms.customer_id, action)


async def tell_balance(visit: Visit) -> Response:
    """Take what the books say that a customer has left unpaid."""
    form, customer_id = await visit.request.form(), visit.request.path_params["customer_id"]
    known = await customers.read(visit.system, customer_id)
    if known is None:
        return _missing(visit, customer_id)
    try:
        unpaid, as_of = balance_in(form, known.value.terms.currency, visit.now)
    except Unfit as unfit:
        return await _again(visit, Tried(form, "balance", flaw(str(unfit))))
    told = await customers.tell(visit.system, customer_id, unpaid, as_of, actor=visit.actor.name)
    if not isinstance(told, Standing):
        return await _again(visit, Tried(form, "balance", tell_by_field(told)))
    return go_back(visit, _SECTION, customer_id, "balance")


async def _again(visit: Visit, tried: Tried = NOTHING_TRIED) -> Response:
    """The page from which something was asked, of a customer or of a new one."""
    customer_id = visit.request.path_params.get("customer_id")
    if customer_id is None:
        return await _page(visit, _NEW, tried)
    found = await customers.read(visit.system, customer_id)
    return _missing(visit, customer_id) if found is None else await _page(visit, found, tried)


def _missing(visit: Visit, customer_id: str) -> Response:
    return show_missing(visit, _SECTION, "No such customer", customer_id)


async def _page(visit: Visit, found: Versioned[Standing], tried: Tried) -> Response:
    terms = found.value.terms
    orders, agreements = [], []
    if found.version:
        async with visit.system.pool.acquire() as connection:
            orders = await find_credit_users(connection, terms.customer_id, limit=_ORDERS_SHOWN)
        agreements = await blanket_orders.find(
            visit.system, customer_id=terms.customer_id, only=None, after=None, limit=_PAGE
        )
    limit = terms.credit_limit_minor
    return tried.render(
        visit,
        "customer.html",
        _SECTION,
        terms.name or terms.customer_id or "New customer",
        one=found.value,
        version=found.version,
        limit="" if limit is None else Money(limit, terms.currency).amount,
        guide=guide_text(terms),
        orders=orders,
        agreements=agreements,
        done=_DONE.get(visit.asked("done"), ""),
        may_set=visit.actor.may("configuration:write"),
    )


routes = [
    Route("/customers", guarded(show_customers, scope="orders:read"), name="customers"),
    Route("/customers", guarded(set_customer, scope="configuration:write"), methods=["POST"]),
    Route("/new-customer", guarded(show_new, scope="configuration:write")),
    Route(
        "/customers/{customer_id:path}/balance", guarded(tell_balance, scope="configuration:write"), methods=["POST"]
    ),
    Route("/customers/{customer_id:path}/guide", guarded(set_guide, scope="configuration:write"), methods=["POST"]),
    Route("/customers/{customer_id:path}", guarded(show_customer, scope="orders:read"), name="customer"),
    Route("/customers/{customer_id:path}", guarded(set_customer, scope="configuration:write"), methods=["POST"]),
]
