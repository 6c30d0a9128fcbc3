"""Subscriptions over the API: made, seen, changed, paused, replayed and ended, by those who may."""

import pytest

from tests.builders import accepted, capture, item, node, set_up, stock
from tests.http.conftest import Api
from tests.worker.receiver import open_receiver
from troth.adapters.webhooks import open_sender
from troth.flows.log.deliver import deliver_round, resend_round

pytestmark = pytest.mark.asyncio(loop_scope="module")

URL = "https://erp.example.com/troth"


async def create(api: Api, **body: object) -> dict[str, object]:
    answered = await api.post("/v1/webhooks", {"url": URL} | body)
    assert answered.status_code == 201, answered.text
    made: dict[str, object] = answered.json()
    return made


async def test_a_subscription_shows_its_secret_once(api: Api) -> None:
    made = await create(api, name="ERP", kinds=["OrderReleased", "OrderCaptured", "OrderReleased"])
    read = await api.get(f"/v1/webhooks/{made['webhook_id']}")
    assert str(made["secret"]).startswith("whsec_")
    assert read.json() == {name: value for name, value in made.items() if name != "secret"}
    assert read.headers["etag"] == '"1"'
    assert (made["kinds"], made["state"], made["sequence"]) == (["OrderCaptured", "OrderReleased"], "active", 0)


async def test_the_same_key_makes_one_subscription(api: Api) -> None:
    headers = {"idempotency-key": "wh-1"}
    first = await api.post("/v1/webhooks", {"url": URL}, headers=headers)
    again = await api.post("/v1/webhooks", {"url": URL}, headers=headers)
    other = await api.post("/v1/webhooks", {"url": URL, "name": "X"}, headers=headers)
    assert first.json() == again.json()
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": "ftp://example.com/"}, "/url"),
        ({"url": "http:///nowhere"}, "/url"),
        ({"url": "https://user:pass@example.com/"}, "/url"),
        ({"url": "https://example.com:99999/"}, "/url"),
        ({"url": "https://exa mple.com/"}, "/url"),
        ({"url": URL, "kinds": ["OrderCaptured", "OrderEaten"]}, "/kinds/1"),
        ({"url": URL, "start": "yesterday"}, "/start"),
        ({"url": URL, "secret": "mine"}, "/secret"),
    ],
)
async def test_what_cannot_be_used_is_named(api: Api, body: dict[str, object], pointer: str) -> None:
    answered = await api.post("/v1/webhooks", body)
    assert answered.status_code == 422
    assert [flaw["pointer"] for flaw in answered.json()["errors"]] == [pointer]


async def test_a_change_needs_the_version_that_was_read(api: Api) -> None:
    made = await create(api)
    path = f"/v1/webhooks/{made['webhook_id']}"
    changed = await api.client.patch(path, json={"name": "B", "kinds": ["OrderCanceled"]}, headers={"if-match": '"1"'})
    late = await api.client.patch(path, json={"name": "C"}, headers={"if-match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json()["name"], changed.json()["kinds"], changed.json()["url"]) == ("B", ["OrderCanceled"], URL)
    assert late.status_code == 412


async def test_subscriptions_are_listed_in_pages_and_gone_when_deleted(api: Api) -> None:
    made = [(await create(api))["webhook_id"] for _ in range(3)]
    seen: list[str] = []
    path = "/v1/webhooks?limit=2"
    while path:
        page = (await api.get(path)).json()
        seen += [one["webhook_id"] for one in page["items"]]
        path = f"/v1/webhooks?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == sorted(seen)
    assert set(made) <= set(seen)
    assert (await api.delete(f"/v1/webhooks/{made[0]}")).status_code == 204
    assert (await api.get(f"/v1/webhooks/{made[0]}")).status_code == 404
    assert (await api.delete(f"/v1/webhooks/{made[0]}")).status_code == 404


async def test_events_of_all_customers_are_not_for_who_is_bound_to_some(api: Api) -> None:
    bound = {"authorization": f"Bearer {await api.key_for('webhooks:write', customers=['C-1'])}"}
    free = {"authorization": f"Bearer {await api.key_for('webhooks:write')}"}
    other = {"authorization": f"Bearer {await api.key_for('orders:write')}"}
    audit = {"url": URL, "kinds": ["ConfigurationSet"]}
    made = await create(api)
    assert (await api.post("/v1/webhooks", {"url": URL}, headers=bound)).status_code == 403
    assert (await api.get("/v1/webhooks", headers=bound)).status_code == 403
    assert (await api.get(f"/v1/webhooks/{made['webhook_id']}/deliveries", headers=bound)).status_code == 403
    assert (await api.post("/v1/webhooks", {"url": URL}, headers=free)).status_code == 201
    assert (await api.post("/v1/webhooks", audit, headers=free)).status_code == 403
    assert (await api.post("/v1/webhooks", audit)).status_code == 201
    assert (await api.get("/v1/webhooks", headers=other)).status_code == 403


async def test_deliveries_are_seen_sent_again_and_replayed(api: Api) -> None:
    await set_up(api.system.pool, nodes=(node("DC-PA"),), items=(item("A"),))
    await api.system.door.follow()
    await stock(api.system, {("A", "DC-PA"): 10})
    async with open_receiver() as receiver, open_sender() as post:
        made = await create(api, url=receiver.url, kinds=["OrderCaptured"])
        path = f"/v1/webhooks/{made['webhook_id']}"
        accepted(await api.system.door.one(capture("W-1"), actor="test"))
        accepted(await api.system.door.one(capture("W-2"), actor="test"))
        await deliver_round(api.system.pool, post, limit=100)

        page = (await api.get(f"{path}/deliveries?limit=1&is_delivered=true")).json()
        rest = (await api.get(f"{path}/deliveries?cursor={page['next']}")).json()
        newest, oldest = page["items"][0], rest["items"][0]
        assert (newest["sequence"], oldest["sequence"], rest["next"]) == (2, 1, None)
        assert (newest["type"], newest["status"], newest["attempts"]) == ("OrderCaptured", 200, 1)
        assert (await api.get(f"{path}/deliveries?is_delivered=false")).json()["items"] == []

        assert (await api.post(f"{path}/pause")).json()["state"] == "paused"
        asked = await api.post(f"{path}/deliveries/{oldest['delivery_id']}/resend")
        assert (asked.status_code, asked.json()["is_resending"]) == (202, True)
        await resend_round(api.system.pool, post, limit=10)
        assert receiver.received[2].body == receiver.received[0].body

        assert (await api.post(f"{path}/resume")).json()["state"] == "active"
        replayed = await api.post(f"{path}/replay", {"after": oldest["delivery_id"]})
        assert (replayed.status_code, replayed.json()["position"]) == (202, oldest["delivery_id"])
        await deliver_round(api.system.pool, post, limit=100)
        names = [received.payload["data"]["order"]["external_id"] for received in receiver.received]
        assert names == ["W-1", "W-2", "W-1", "W-2"]


async def test_a_replay_from_nowhere_and_a_delivery_that_never_was_are_refused(api: Api) -> None:
    path = f"/v1/webhooks/{(await create(api))['webhook_id']}"
    both = {"after": "1-1", "since": "2026-11-23T00:00:00Z"}
    assert (await api.post(f"{path}/replay", {"after": "here"})).json()["errors"][0]["pointer"] == "/after"
    assert (await api.post(f"{path}/replay", both)).json()["errors"][0]["pointer"] == "/since"
    assert (await api.post(f"{path}/deliveries/1-1/resend")).status_code == 404
    assert (await api.post(f"{path}/deliveries/x/resend")).status_code == 404
    assert (await api.post("/v1/webhooks/wh_none/replay")).status_code == 404
    assert (await api.post("/v1/webhooks/wh_none/pause")).status_code == 404
