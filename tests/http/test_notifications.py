"""The log of what customers were told over HTTP: listed, read, previewed, told once more; bounces and opt-outs."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.http.conftest import Api
from troth.flows.telling.follow import follow_log
from troth.flows.telling.media import Letter, Receipt, Taken
from troth.flows.telling.send import send_due
from troth.model.notification import Medium

pytestmark = pytest.mark.asyncio(loop_scope="module")


class _Box:
    """A medium that takes everything."""

    async def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        return [Taken("250 queued") for _ in letters]


async def tell(api: Api) -> None:
    """Tell what is to be told by now."""
    while await follow_log(api.system, (Medium.EMAIL,)):
        pass
    await api.system.pool.execute("UPDATE notifications SET due_at = made_at WHERE state = 'waiting'")
    while await send_due(api.system, {Medium.EMAIL: _Box()}, limit=50):
        pass


async def confirmed(api: Api, name: str) -> dict[str, Any]:
    """The confirmation of a new order, as it is listed."""
    await api.stocked(f"SKU-{name}")
    customer = {"id": name, "name": "Ada", "email": f"{name}@example.com"}
    made = await api.capture(f"TELL-{name}", {f"SKU-{name}": 1}, customer=customer)
    await tell(api)
    listed = (await api.client.get("/v1/notifications", params={"order_id": made["order_id"]})).json()
    (found,) = listed["items"]
    return dict(found)


async def test_a_notification_is_listed_by_what_it_is_and_read_with_its_letter(api: Api) -> None:
    one = await confirmed(api, "a")

    by_address = await api.client.get("/v1/notifications", params={"address": "A@example.com", "state": "sent"})
    by_name = await api.client.get("/v1/notifications", params={"order_id": "web:TELL-a", "medium": "sms"})
    read = (await api.client.get(f"/v1/notifications/{one['notification_id']}")).json()

    assert [found["notification_id"] for found in by_address.json()["items"]] == [one["notification_id"]]
    assert by_name.json()["items"] == []
    assert (read["state"], read["kind"], read["reason"]) == ("sent", "order_confirmed", "250 queued")
    assert read["letter"]["subject"] == "Your order TELL-a"
    assert (await api.client.get("/v1/notifications/none")).status_code == 404


async def test_it_is_told_once_more_as_a_notification_of_its_own(api: Api) -> None:
    one = await confirmed(api, "b")

    asked = await api.client.post(f"/v1/notifications/{one['notification_id']}/resend")
    still = await api.client.post(f"/v1/notifications/{asked.json()['notification_id']}/resend")
    await tell(api)
    listed = (await api.client.get("/v1/notifications", params={"order_id": one["order_id"]})).json()["items"]

    assert (asked.status_code, asked.json()["resend_of"]) == (202, one["notification_id"])
    assert (still.status_code, "still being sent" in still.text) == (422, True)
    assert [found["state"] for found in listed] == ["sent", "sent"]
    assert len({found["message_id"] for found in listed}) == 2


async def test_a_preview_says_what_would_be_told_in_other_words_and_sends_nothing(api: Api) -> None:
    one = await confirmed(api, "c")
    words = {"texts": [{"language": "es", "texts": {"order_confirmed_subject": "¡Bien! {order}"}}]}
    body = {"order_id": "web:TELL-c", "kind": "order_confirmed", "language": "es", "templates": words}

    seen = (await api.client.post("/v1/notifications/preview", json=body)).json()
    none = (await api.client.post("/v1/notifications/preview", json={**body, "kind": "delivered"})).json()
    wrong = await api.client.post("/v1/notifications/preview", json={**body, "kind": "deliverd"})
    flawed = {"texts": [{"language": "es", "texts": {"order_confirmed_subject": "{shopp}"}}]}
    bad = await api.client.post("/v1/notifications/preview", json={**body, "templates": flawed})

    assert (seen["letter"]["subject"], seen["letter"]["language"]) == ("¡Bien! TELL-c", "es")
    assert (none["letter"], none["reason"]) == (None, "nothing of that kind has happened to it")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/kind")
    pointer = "/templates/texts/0/texts/order_confirmed_subject"
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, pointer)
    listed = (await api.client.get("/v1/notifications", params={"order_id": one["order_id"]})).json()["items"]
    assert len(listed) == 1


async def test_what_bounces_for_good_ends_everything_to_that_address_until_somebody_says_otherwise(api: Api) -> None:
    one = await confirmed(api, "d")
    bounce = {"bounces": [{"message_id": one["message_id"], "reason": "550 nobody"}, {"message_id": "<x@y>"}]}

    first = (await api.client.post("/v1/notifications/bounces", json=bounce)).json()["bounces"]
    again = (await api.client.post("/v1/notifications/bounces", json=bounce)).json()["bounces"]
    said = (await api.client.get("/v1/opt-outs", params={"address": "D@example.com"})).json()["items"]
    taken_back = {"address": "d@example.com", "medium": "email", "action": "resume"}
    back = (await api.client.post("/v1/opt-outs", json=taken_back)).json()

    assert [(found["notification_id"], found["is_new"]) for found in first] == [
        (one["notification_id"], True), (None, False),
    ]  # fmt: skip
    assert again[0]["is_new"] is False
    assert [(found["because"], found["kind"]) for found in said] == [("bounced", "")]
    assert back == {"is_changed": True}
    read = (await api.client.get(f"/v1/notifications/{one['notification_id']}")).json()
    assert (read["state"], read["reason"]) == ("bounced", "550 nobody")


async def test_what_is_needed_cannot_be_opted_out_of(api: Api) -> None:
    asked = {"address": "e@example.com", "medium": "email", "kind": "shipped"}

    answer = await api.client.post("/v1/opt-outs", json=asked)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/kind")
    assert (await api.client.get("/v1/opt-outs", params={"address": "e@example.com"})).json()["items"] == []


async def test_who_is_bound_to_customers_reads_nothing_of_what_others_are_told(api: Api) -> None:
    key = await api.key_for("orders:read", "orders:write", customers=["C-1"])
    headers = {"authorization": f"Bearer {key}"}

    for method, path in (("GET", "/v1/notifications"), ("GET", "/v1/opt-outs"), ("POST", "/v1/notifications/x/resend")):
        assert (await api.client.request(method, path, headers=headers)).status_code == 403
