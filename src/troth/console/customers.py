"""Customers: who may owe how much, what is used of it and by which orders; set, and told what their books say."""

from dataclasses import replace
from typing import Final

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.agreed_forms import balance_in, expected_in, id_in, terms_in
from troth.flows.records import blanket_orders, customers
from troth.flows.records.configure import Set
from troth.flows.records.customers import Standing
from troth.model.credit import CustomerTerms
from troth.model.money import Money
from troth.pages.asking import Unfit
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import path_part, query
from troth.pages.views_refusal import Told, flaw, tell_by_field
from troth.store.customers import find_credit_users
from troth.store.reference import Versioned

_PAGE: Final = 50
_ORDERS_SHOWN: Final = 50
_NEW: Final = Versioned(Standing(CustomerTerms(""), None, 0, None), 0)
_DONE: Final = {
    "set": "Set. Orders that fit into the credit now are let go.",
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
    return await _page(visit, _NEW)


async def show_customer(visit: Visit) -> Response:
    """One customer."""
    return await _known(visit)


async def set_customer(visit: Visit) -> Response:
    """Create or replace a customer as the form says."""
    form = await visit.request.form()
    try:
        customer_id = visit.request.path_params.get("customer_id") or id_in(form, "customer_id", "a customer")
        terms = await _with_guide(visit, terms_in(form, customer_id))
    except Unfit as unfit:
        return await _again(visit, form, "set", flaw(str(unfit)))
    done = await customers.set_terms(visit.system, terms, actor=visit.actor.name, expected=expected_in(form))
    if not isinstance(done, Set):
        return await _again(visit, form, "set", tell_by_field(done))
    return _back(visit, terms.customer_id, "set")


async def _with_guide(visit: Visit, terms: CustomerTerms) -> CustomerTerms:
    """The terms with the routing guide that the customer has: the form has no fields for it."""
    known = await customers.read(visit.system, terms.customer_id)
    guide = None if known is None else known.value.terms.guide
    if guide is not None and guide.currency != terms.currency:
        raise Unfit(f"the currency must stay {guide.currency}: the routing guide is in it")
    return replace(terms, guide=guide)


async def tell_balance(visit: Visit) -> Response:
    """Take what the books say that a customer has left unpaid."""
    form, customer_id = await visit.request.form(), visit.request.path_params["customer_id"]
    known = await customers.read(visit.system, customer_id)
    if known is None:
        return _missing(visit, customer_id)
    try:
        unpaid, as_of = balance_in(form, known.value.terms.currency, visit.now)
    except Unfit as unfit:
        return await _again(visit, form, "balance", flaw(str(unfit)))
    told = await customers.tell(visit.system, customer_id, unpaid, as_of, actor=visit.actor.name)
    if not isinstance(told, Standing):
        return await _again(visit, form, "balance", tell_by_field(told))
    return _back(visit, customer_id, "balance")


def _back(visit: Visit, customer_id: str, done: str) -> Response:
    return RedirectResponse(f"{visit.base}/customers/{path_part(customer_id)}{query(done=done)}", 303)


async def _again(visit: Visit, form: FormData, action: str, told: Told) -> Response:
    """The page from which something was asked that is refused, with what was typed."""
    if "customer_id" not in visit.request.path_params:
        return await _page(visit, _NEW, form=form, refused=action, told=told)
    return await _known(visit, form=form, refused=action, told=told)


async def _known(visit: Visit, *, form: FormData | None = None, refused: str = "", told: Told = ("", ())) -> Response:
    customer_id = visit.request.path_params["customer_id"]
    found = await customers.read(visit.system, customer_id)
    if found is None:
        return _missing(visit, customer_id)
    return await _page(visit, found, form=form, refused=refused, told=told)


def _missing(visit: Visit, customer_id: str) -> Response:
    return page(visit, "missing.html", status=404, section="customers", title="No such customer", name=customer_id)


async def _page(
    visit: Visit,
    found: Versioned[Standing],
    *,
    form: FormData | None = None,
    refused: str = "",
    told: Told = ("", ()),
) -> Response:
    terms = found.value.terms
    orders, agreements = [], []
    if found.version:
        async with visit.system.pool.acquire() as connection:
            orders = await find_credit_users(connection, terms.customer_id, limit=_ORDERS_SHOWN)
        agreements = await blanket_orders.find(
            visit.system, customer_id=terms.customer_id, only=None, after=None, limit=_PAGE
        )
    limit = terms.credit_limit_minor
    return page(
        visit,
        "customer.html",
        status=409 if refused else 200,
        section="customers",
        title=terms.name or terms.customer_id or "New customer",
        one=found.value,
        version=found.version,
        limit="" if limit is None else Money(limit, terms.currency).amount,
        orders=orders,
        agreements=agreements,
        given={} if form is None else {name: str(value) for name, value in form.items()},
        refused=refused,
        told=told,
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
    Route("/customers/{customer_id:path}", guarded(show_customer, scope="orders:read"), name="customer"),
    Route("/customers/{customer_id:path}", guarded(set_customer, scope="configuration:write"), methods=["POST"]),
]
