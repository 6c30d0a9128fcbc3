"""Chargebacks of trading partners: what they add up to in a period, the list of them, and what is decided about one."""

from datetime import datetime, timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.views_chargeback import CHARGEBACK_CHIPS, RULES, view_chargeback
from troth.flows.money.chargebacks import decide_chargeback
from troth.model.chargeback import (
    DECISIONS,
    Chargeback,
    ChargebackEvent,
    ChargebackRule,
    ChargebackState,
    statements_of,
)
from troth.model.refusals import FieldFlaw, Invalid
from troth.pages.asking import Unfit, amount_in, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import position_text, query, read_position
from troth.pages.views_refusal import Told, flaw, tell_refusal
from troth.store.chargebacks import ChargebackFilter, find_chargebacks, read_chargeback, sum_chargebacks

_PAGE: Final = 50
_DAY: Final = timedelta(days=1)
_FILTERS: Final = ("customer", "state", "rule", "since", "until")
_DONE: Final = {"dispute": "It is disputed.", "accept": "It is accepted.", "waive": "It is waived."}


async def show_chargebacks(visit: Visit) -> Response:
    """What chargebacks come to by customer, and a page of them: with whom, by which rule, how they stand, when."""
    return await _list(visit)


async def decide(visit: Visit) -> Response:
    """Dispute, accept or waive a chargeback."""
    form = await visit.request.form()
    chargeback_id, decision = visit.request.path_params["chargeback_id"], text(form, "decision", length_max=20)
    if decision not in set(DECISIONS):
        return await _list(visit, tell_refusal(Invalid((FieldFlaw("/decision", "must be one of the decisions"),))))
    async with visit.system.pool.acquire() as connection:
        one = await read_chargeback(connection, chargeback_id)
    try:
        accepted = None if one is None else amount_in(form, one.currency)
    except Unfit as unfit:
        return await _list(visit, flaw(str(unfit)))
    done = await decide_chargeback(
        visit.system,
        chargeback_id,
        ChargebackEvent(decision),
        accepted=accepted,
        reason=text(form, "reason", length_max=500),
        reference=text(form, "reference", length_max=100),
        actor=visit.actor.name,
    )
    if not isinstance(done, Chargeback):
        return await _list(visit, tell_refusal(done))
    return RedirectResponse(f"{visit.base}/chargebacks{query(customer=done.customer_id, done=decision)}", 303)


async def _list(visit: Visit, told: Told = ("", ())) -> Response:
    asked = {name: visit.asked(name) for name in _FILTERS}
    since, until = (_midnight(visit, asked[name]) for name in ("since", "until"))
    wanted = ChargebackFilter(
        asked["customer"] or None,
        state=ChargebackState(asked["state"]) if asked["state"] in set(ChargebackState) else None,
        rule=ChargebackRule(asked["rule"]) if asked["rule"] in set(ChargebackRule) else None,
        since=since,
        until=None if until is None else until + _DAY,
    )
    before = read_position(visit.asked("after"))
    async with visit.system.pool.acquire() as connection:
        sums = await sum_chargebacks(connection, wanted)
        found = await find_chargebacks(connection, wanted, before=before, limit=_PAGE + 1)
    last = found[_PAGE - 1] if len(found) > _PAGE else None
    given = {name: value for name, value in asked.items() if value}
    return page(
        visit,
        "chargebacks.html",
        status=409 if told[0] else 200,
        section="customers",
        title="Chargebacks",
        statements=statements_of(sums),
        found=[view_chargeback(one) for one in found[:_PAGE]],
        asked=asked,
        states=CHARGEBACK_CHIPS,
        rules=RULES,
        decisions=DECISIONS,
        may_write=visit.actor.may("orders:write"),
        told=told,
        done=_DONE.get(visit.asked("done"), ""),
        filtered=query(**given) if given else "",
        more="" if last is None else query(**given, after=position_text((last.charge.incurred_at, last.chargeback_id))),
        is_first=before is None,
    )


def _midnight(visit: Visit, given: str) -> datetime | None:
    """The beginning of a day, as a form names it; None where it names none."""
    try:
        return datetime.fromisoformat(given[:10]).replace(tzinfo=visit.now.tzinfo) if given else None
    except ValueError:
        return None


routes = [
    Route("/chargebacks", guarded(show_chargebacks, scope="orders:read"), name="chargebacks"),
    Route("/chargebacks/{chargeback_id}/decide", guarded(decide, scope="orders:write"), methods=["POST"]),
]
