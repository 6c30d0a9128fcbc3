"""Each verb about an order, its work or its returns: refused for what is somebody else's, with a version that is no
longer so, and in a state in which it cannot be, having changed nothing; and done once however often it is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.http.conftest import Api
from tests.http.test_returns import asked, came, delivered
from troth.http.app import OPERATIONS
from troth.http.edge.operations import AnyOperation

pytestmark = pytest.mark.asyncio(loop_scope="module")

_ABOUT: Final = ("/v1/orders/{order_id}/", "/v1/fulfillments/{fulfillment_id}/", "/v1/returns/{return_id}/")
_USD: Final = {"currency": "USD"}
_RECALL: Final = ("recall", {"kind": "cancel", "reason": "not wanted"})
_RULES: Final = {"recalls": [{"name": "all", "given_back": [], "answer_minutes": 30}]}


@dataclass(frozen=True, slots=True)
class Verb:
    """How a verb is asked for: with which `body`, after which `steps` (paths below the same resource, with bodies);
    whether it stays possible when the order is over, and whether it is asked of goods that are `picked_up`.
    """

    body: Any = None
    steps: tuple[tuple[str, Any], ...] = ()
    possible_at_the_end: bool = False
    picked_up: bool = False
    ordered: Mapping[str, Any] = field(default_factory=dict)


_HELD: Final = (("holds", {"type": "fraud", "reason": "odd", "expires_at": "2026-12-01T10:00:00Z"}),)
_PAID: Final = {
    "payments": [{"provider": "shop", "reference": "T-1", "amount": {"amount": "39.80", **_USD}, "status": "captured"}]
}
_PARTNER: Final = {"customer": {"id": "PARTNER"}}
_READY: Final = (("ready", {"staging": "A3"}),)
_WRONG: Final = {"reason": "the wrong one"}

VERBS: Final[dict[str, Verb]] = {
    "cancel_order": Verb({"reason": "changed my mind"}),
    "release_order": Verb(),
    "place_hold": Verb({"type": "fraud", "reason": "odd"}),
    "assign_hold": Verb({"owner": "maya"}, _HELD),
    "extend_hold": Verb({"expires_at": "2026-12-02T10:00:00Z"}, _HELD),
    "lift_hold": Verb(None, _HELD),
    "change_order": Verb({"actions": [{"action": "set_quantity", "line_id": "1", "quantity": 1}]}),
    "renew_tracking_link": Verb(possible_at_the_end=True),
    "revoke_tracking_link": Verb(possible_at_the_end=True),
    "add_payment": Verb(
        {"provider": "shop", "reference": "T-2", "amount": {"amount": "5.00", **_USD}, "status": "pending"},
        possible_at_the_end=True,
    ),
    "retry_payments": Verb({"reason": "they called"}, possible_at_the_end=True, ordered=_PAID),
    "void_payment": Verb({"tender": 1, "reason": "otherwise"}, possible_at_the_end=True, ordered=_PAID),
    "refund_payment": Verb({"amount": {"amount": "1.00", **_USD}, "reason": "scratch"}, possible_at_the_end=True),
    "release_fulfillment": Verb(),
    "recall_fulfillment": Verb(_RECALL[1], (("release", None),)),
    "accept_recall": Verb(None, (("release", None), ("pick", None), _RECALL)),
    "refuse_recall": Verb({"reason": "on the truck"}, (("release", None), ("pick", None), _RECALL)),
    "send_ship_notice": Verb(
        {"reference": "856-1"}, (("release", None), ("ship", None)), possible_at_the_end=True, ordered=_PARTNER
    ),
    "accept_fulfillment": Verb(None, (("release", None),)),
    "reject_fulfillment": Verb({"reason": "damaged"}, (("release", None),)),
    "pick_fulfillment": Verb(None, (("release", None),)),
    "pack_fulfillment": Verb(None, (("release", None), ("pick", None))),
    "ship_fulfillment": Verb(None, (("release", None),)),
    "ready_fulfillment": Verb({"staging": "A3"}, (("release", None),), picked_up=True),
    "collect_fulfillment": Verb({"collected_by": "Ada"}, (("release", None), *_READY), picked_up=True),
    "deliver_fulfillment": Verb(None, (("release", None), ("ship", None))),
    "unaccept_fulfillment": Verb(_WRONG, (("release", None), ("accept", None))),
    "receive_fulfillment": Verb(None, (("release", None),), picked_up=True),
    "not_here_fulfillment": Verb(None, (("release", None), *_READY, ("arrival", {"arrival": "here"})), picked_up=True),
    "unpick_fulfillment": Verb(_WRONG, (("release", None), ("pick", None))),
    "unpack_fulfillment": Verb(_WRONG, (("release", None), ("pick", None), ("pack", None))),
    "unstage_fulfillment": Verb(_WRONG, (("release", None), *_READY), picked_up=True),
    "arrival_fulfillment": Verb({"arrival": "here", "bay": "4"}, (("release", None), *_READY), picked_up=True),
    "collector_fulfillment": Verb({"name": "Ben"}, (("release", None), *_READY), picked_up=True),
    "extend_fulfillment": Verb({"by": "operator"}, (("release", None), *_READY), picked_up=True),
    "put_back_fulfillment": Verb(None, (("release", None), *_READY), picked_up=True),
    "send_return": Verb({"carrier": "parcel"}),
    "receive_return": Verb(came(grade="A")),
    "dispose_return": Verb({"lines": [{"number": 1, "disposition": "restock"}]}, (("receive", came()),)),
    "refund_return": Verb({}, (("receive", came()),)),
    "close_return": Verb({}),
    "cancel_return": Verb({}),
}
"""Every verb, by the name of its operation."""

_OWN_LINKS: Final = frozenset({"renew_tracking_link", "revoke_tracking_link"})
"""What changes no order, and is replaced as a whole."""
_CHANGES_NOTHING: Final = frozenset({"buy_labels", "buy_return_label", "remind_node"})
"""What asks others about an order: a carrier for labels, which are attached once they are bought; a node's system."""

_ASIDE: Final = frozenset({"put_back_fulfillment", "receive_fulfillment"})
"""What cannot be done before time has passed, or of what no other node sent; it has tests of its own for being asked
too late or twice.
"""


def operations() -> dict[str, AnyOperation]:
    """The operations that change an order, its work or its returns, by name."""
    changing = (one for one in OPERATIONS if one.method != "GET" and one.name not in _CHANGES_NOTHING)
    return {one.name: one for one in changing if one.path.startswith(_ABOUT)}


async def test_every_verb_is_in_the_table() -> None:
    assert set(VERBS) == set(operations())


async def prepared(api: Api, verb: str, case: str) -> tuple[str, str]:
    """The path of a verb about a new order that can be asked for it, and the path of that order."""
    asking, operation = VERBS[verb], operations()[verb]
    name = f"{verb}-{case}".replace("_", "-")
    at = "ST-NYC" if asking.picked_up else "DC-PA"
    sku = await api.stocked(name.upper()[:60], {at: 9})
    if operation.path.startswith("/v1/returns"):
        order_id = await delivered(api, name, {sku: 2})
        opened = (await api.post("/v1/returns", asked(order_id))).json()
        base = f"/v1/returns/{opened['return_id']}"
    else:
        changes: dict[str, Any] = {"method": "pickup", "pickup_node": at, "service": ""} if asking.picked_up else {}
        body = await api.capture(name, {sku: 2}, **changes, **asking.ordered)
        order_id = body["order_id"]
        work = body["fulfillments"][0]["fulfillment_id"]
        base = f"/v1/orders/{order_id}" if "/orders/" in operation.path else f"/v1/fulfillments/{work}"
    for step, given in asking.steps:
        answer = await api.post(f"{base}/{step}", given)
        assert answer.status_code < 300, (verb, step, answer.text)
    tail = operation.path.split("}/", 1)[1].replace("{hold_id}", "H1")
    return f"{base}/{tail}", f"/v1/orders/{order_id}"


async def sent(api: Api, verb: str, path: str, **headers: str) -> int:
    """The status of the answer when a verb is sent."""
    operation, body = operations()[verb], VERBS[verb].body
    more: dict[str, Any] = {} if body is None else {"json": body}
    return (await api.client.request(operation.method, path, headers=headers, **more)).status_code


async def version(api: Api, order: str) -> int:
    return int((await api.get(order)).json()["version"])


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _asked(api: Api) -> None:
    """Nodes answer themselves when they are asked to give work back, and a partner waits for ship notices."""
    guide = {"name": "Partner", "routing_guide": {"notice_minutes": 60}}
    assert (await api.put("/v1/customers/PARTNER", guide)).status_code == 201
    assert (await api.put("/v1/release-rules/asked", _RULES)).status_code == 201
    acted = await api.post("/v1/release-rules/asked/activate", {"version": 1, "reason": "test"})
    assert acted.status_code == 200, acted.text


@pytest.mark.parametrize("verb", VERBS)
async def test_nobody_does_it_to_an_order_of_somebody_else(api: Api, verb: str) -> None:
    path, order = await prepared(api, verb, "other")
    before = await version(api, order)
    scopes = ("orders:write", "fulfillments:write", "returns:write")
    customer = {"authorization": f"Bearer {await api.key_for(*scopes, customers=['C-9'])}"}
    reader = {"authorization": f"Bearer {await api.key_for('orders:read', 'fulfillments:read', 'returns:read')}"}
    nobody = {"authorization": "Bearer none"}

    assert await sent(api, verb, path, **customer) in (403, 404)
    assert await sent(api, verb, path, **reader) == 403
    assert await sent(api, verb, path, **nobody) == 401
    assert await version(api, order) == before


@pytest.mark.parametrize("verb", [name for name in VERBS if "_fulfillment" in name or "recall" in name])
async def test_no_other_node_does_it(api: Api, verb: str) -> None:
    path, order = await prepared(api, verb, "node")
    before = await version(api, order)
    scopes = ("orders:write", "fulfillments:write")
    elsewhere = {"authorization": f"Bearer {await api.key_for(*scopes, nodes=['ST-ELSEWHERE'])}"}

    assert await sent(api, verb, path, **elsewhere) in (403, 404)
    assert await version(api, order) == before


@pytest.mark.parametrize("verb", [name for name in VERBS if name not in _OWN_LINKS])
async def test_it_is_refused_with_a_version_that_is_no_longer_so(api: Api, verb: str) -> None:
    path, order = await prepared(api, verb, "stale")
    before = await version(api, order)

    assert operations()[verb].has_if_match
    assert await sent(api, verb, path, **{"if-match": f'"{before - 1}"'}) == 412
    assert await version(api, order) == before


@pytest.mark.parametrize(
    "verb", [name for name, one in VERBS.items() if name not in _ASIDE and not one.possible_at_the_end]
)
async def test_it_is_refused_once_the_order_is_over(api: Api, verb: str) -> None:
    path, order = await prepared(api, verb, "over")
    if "/returns/" in path:
        base = path.rsplit("/", 1)[0]
        assert (await api.post(f"{base}/{'close' if VERBS[verb].steps else 'cancel'}", {})).status_code == 200
    else:
        await _over(api, order)
    before = await version(api, order)
    status = await sent(api, verb, path)

    assert status in _AT_THE_END.get(verb, (409,)), status
    assert (await version(api, order) > before) is (verb in _STILL_TRUE)


_AT_THE_END: Final[dict[str, tuple[int, ...]]] = {
    "receive_return": (200,),
    "dispose_return": (200,),
    "refund_return": (200,),
}
"""What is not refused: what arrives after all is taken in, what waits is judged, and what came is credited, or was."""

_STILL_TRUE: Final = frozenset({"receive_return", "dispose_return"})


async def _over(api: Api, order: str) -> None:
    """Bring an order to its end: what can be is canceled, and what is at its node leaves and arrives."""
    for hold in (await api.get(order)).json()["holds"]:
        if hold["state"] == "placed":
            await api.delete(f"{order}/holds/{hold['hold_id']}")
    body = (await api.get(order)).json()
    await api.post(f"{order}/release")
    for work in body["fulfillments"]:
        base = f"/v1/fulfillments/{work['fulfillment_id']}"
        for step in ("ready", "collect", "ship", "deliver"):
            await api.post(f"{base}/{step}", {"collected_by": "Ada"} if step == "collect" else None)
    assert (await api.get(order)).json()["status"] == "delivered"


@pytest.mark.parametrize("verb", [name for name in VERBS if name not in _ASIDE])
async def test_it_happens_once_however_often_it_is_sent(api: Api, verb: str) -> None:
    path, order = await prepared(api, verb, "twice")
    key = {"idempotency-key": f"twice-{verb}"}
    first = await sent(api, verb, path, **key)
    after = await version(api, order)
    operation, body = operations()[verb], VERBS[verb].body
    more: dict[str, Any] = {} if body is None else {"json": body}
    again = await api.client.request(operation.method, path, headers=key, **more)

    assert first < 300 or verb == "refund_payment", first
    if operation.method == "POST":
        assert again.status_code == first
    assert await version(api, order) == after
