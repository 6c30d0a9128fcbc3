"""Claims against carriers: the list of them, a new one, and what came of one."""

from typing import Final

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.console.views_carrier_claim import view_carrier_claim
from troth.flows.exceptions.carrier_claims import close_carrier_claim, open_carrier_claim
from troth.model.carrier_claim import CARRIER_CLAIM_ENDS, CarrierClaim, CarrierClaimReason, CarrierClaimState
from troth.model.refusals import FieldFlaw, Invalid, Refusal
from troth.pages.asking import Unfit, amount_in, text
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.session import guarded
from troth.pages.views import position_text, query, read_position
from troth.pages.views_refusal import Told, flaw, tell_refusal
from troth.store.carrier_claims import CarrierClaimFilter, find_carrier_claims, read_carrier_claim

_PAGE: Final = 50


async def show_carrier_claims(visit: Visit) -> Response:
    """A page of claims, the oldest first: in a state, against a carrier."""
    return await _list(visit)


async def open_claim(visit: Visit) -> Response:
    """Open a claim about a parcel."""
    form = await visit.request.form()
    named = text(form, "reason", length_max=20)
    reason = CarrierClaimReason(named) if named in set(CarrierClaimReason) else None
    number = text(form, "tracking_number", length_max=100)
    done = await open_carrier_claim(visit.system, number, reason=reason, amount=None, actor=visit.actor.name)
    return await _after(visit, done, "opened")


async def close_claim(visit: Visit) -> Response:
    """Say what came of a claim."""
    form = await visit.request.form()
    claim_id = visit.request.path_params["claim_id"]
    outcome = text(form, "outcome", length_max=20)
    if outcome not in set(CARRIER_CLAIM_ENDS):
        return await _list(visit, tell_refusal(Invalid((FieldFlaw("/outcome", "must be one of the ends of a claim"),))))
    async with visit.system.pool.acquire() as connection:
        one = await read_carrier_claim(connection, claim_id)
    try:
        paid = None if one is None else amount_in(form, one.currency)
    except Unfit as unfit:
        return await _list(visit, flaw(str(unfit)))
    done = await close_carrier_claim(
        visit.system,
        claim_id,
        CarrierClaimState(outcome),
        paid=paid if outcome == CarrierClaimState.PAID else None,
        reference=text(form, "reference", length_max=100),
        actor=visit.actor.name,
    )
    return await _after(visit, done, "closed")


async def _after(visit: Visit, done: CarrierClaim | Refusal, what: str) -> Response:
    if not isinstance(done, CarrierClaim):
        return await _list(visit, tell_refusal(done))
    return RedirectResponse(f"{visit.base}/carrier-claims?done={what}", 303)


async def _list(visit: Visit, told: Told = ("", ())) -> Response:
    asked = {name: visit.asked(name) for name in ("state", "carrier")}
    state = CarrierClaimState(asked["state"]) if asked["state"] in set(CarrierClaimState) else None
    after = read_position(visit.asked("after"))
    async with visit.system.pool.acquire() as connection:
        found = await find_carrier_claims(
            connection, CarrierClaimFilter(state, asked["carrier"] or None), after=after, limit=_PAGE + 1
        )
    last = found[_PAGE - 1] if len(found) > _PAGE else None
    given = {name: value for name, value in asked.items() if value}
    return page(
        visit,
        "carrier_claims.html",
        status=409 if told[0] else 200,
        section="exceptions",
        title="Claims against carriers",
        found=[view_carrier_claim(one) for one in found[:_PAGE]],
        asked=asked,
        states=tuple(CarrierClaimState),
        ends=CARRIER_CLAIM_ENDS,
        reasons=tuple(CarrierClaimReason),
        may_write=visit.actor.may("orders:write"),
        told=told,
        done={"opened": "The claim is open.", "closed": "The claim has ended."}.get(visit.asked("done"), ""),
        filtered=query(**given) if given else "",
        more="" if last is None else query(**given, after=position_text((last.opened_at, last.claim_id))),
        is_first=after is None,
    )


routes = [
    Route("/carrier-claims", guarded(show_carrier_claims, scope="orders:read"), name="carrier_claims"),
    Route("/carrier-claims", guarded(open_claim, scope="orders:write"), methods=["POST"]),
    Route("/carrier-claims/{claim_id}/close", guarded(close_claim, scope="orders:write"), methods=["POST"]),
]
