"""Carriers tell where parcels are in notices that they sign; what is not signed is not read."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from standardwebhooks import Webhook

from tests.http.conftest import Api
from tests.http.test_fulfillments import released
from troth.adapters.tracking.codes import TABLES
from troth.adapters.tracking.notices import SignedNotices, make_trackers
from troth.http.app import create_app
from troth.model.tracking import TrackStatus
from troth.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "whsec_" + base64.b64encode(b"a secret of the carrier's own").decode()


def signed(body: object, *, secret: str = SECRET, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    raw, now = json.dumps(body).encode(), at or datetime.now(UTC)
    signature = Webhook(secret).sign("msg_1", now, raw.decode())
    return raw, {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
        "content-type": "application/json",
    }


async def send(api: Api, content: bytes, headers: dict[str, str], carrier: str = "freight") -> httpx.Response:
    trackers = {"freight": SignedNotices(SECRET, "x12_214")}
    app = create_app(replace(api.system, trackers=trackers), Settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://carrier.test") as client:
        return await client.post(f"/v1/tracking-notices/{carrier}", content=content, headers=headers)


async def shipped(api: Api, external_id: str) -> str:
    sku = await api.stocked(external_id.upper(), {"DC-PA": 5})
    path = await released(api, external_id, {sku: 1})
    await api.post(f"{path}/ship", {"packages": [{"package_id": "1", "tracking_number": f"F-{external_id}"}]})
    return f"F-{external_id}"


async def checkpoints(api: Api, external_id: str) -> list[tuple[str, str]]:
    body = (await api.get(f"/v1/orders/web:{external_id}/tracking")).json()
    return [(one["status"], one["told"]) for one in body["fulfillments"][0]["parcels"][0]["checkpoints"]]


async def test_a_signed_notice_is_recorded_once_in_our_words(api: Api) -> None:
    number = await shipped(api, "notice-1")
    at = api.clock.now.isoformat()
    body = [
        {"tracking_number": number, "status": "AF", "at": at, "place": "York, PA", "truck": 7},
        {"tracking_number": "F-nobody", "status": "AF", "at": at},
    ]
    answers = [await send(api, *signed(body)) for _ in range(2)]

    assert [(one.status_code, one.json()) for one in answers] == [(200, {"recorded": 1, "unknown": 1})] * 2
    assert await checkpoints(api, "notice-1") == [("handed_over", "AF")]


async def test_what_lies_in_the_future_counts_as_of_now(api: Api) -> None:
    number = await shipped(api, "notice-2")
    at = (api.clock.now + timedelta(hours=5)).isoformat()
    answer = await send(api, *signed({"tracking_number": number, "status": "D1", "at": at}))

    assert answer.json() == {"recorded": 1, "unknown": 0}
    assert (await api.get("/v1/orders/web:notice-2")).json()["status"] == "delivered"


@pytest.mark.parametrize("flaw", ["unsigned", "other secret", "old", "changed"])
async def test_what_is_not_signed_as_it_has_to_be_is_not_read(api: Api, flaw: str) -> None:
    number = await shipped(api, f"notice-{flaw.replace(' ', '-')}")
    body = {"tracking_number": number, "status": "D1"}
    other = "whsec_" + base64.b64encode(b"another secret").decode()
    raw, headers = {
        "unsigned": (json.dumps(body).encode(), {"content-type": "application/json"}),
        "other secret": signed(body, secret=other),
        "old": signed(body, at=datetime.now(UTC) - timedelta(minutes=6)),
        "changed": (json.dumps(body | {"status": "A3"}).encode(), signed(body)[1]),
    }[flaw]
    answer = await send(api, raw, headers)

    assert (answer.status_code, "is not signed" in answer.text) == (422, True)
    assert await checkpoints(api, f"notice-{flaw.replace(' ', '-')}") == []


async def test_a_carrier_that_is_not_known_is_said_to_be_none(api: Api) -> None:
    answer = await send(api, *signed({"tracking_number": "1", "status": "D1"}), carrier="nobody")
    assert (answer.status_code, answer.json()["what"]) == (404, "carrier")


async def test_a_signed_notice_that_does_not_fit_is_refused_with_its_flaw(api: Api) -> None:
    without = await send(api, *signed([{"status": "D1"}]))
    zoneless = await send(api, *signed([{"tracking_number": "1", "status": "D1", "at": "2026-11-23T10:00:00"}]))
    assert (without.status_code, "tracking_number" in without.text) == (422, True)
    assert [error["pointer"] for error in zoneless.json()["errors"]] == ["/0/at"]


async def test_every_code_stands_for_one_of_our_words(api: Api) -> None:
    assert {status for table in TABLES.values() for status in table.values()} <= set(TrackStatus)
    settings = Settings(carrier_secrets={"ups": SECRET}, carrier_codes={"ups": "iftsta"})  # type: ignore[dict-item]
    body, headers = signed({"tracking_number": "1", "status": "21"})
    (told,) = make_trackers(settings)["ups"].read_notice(body, headers) or ()  # type: ignore[misc]
    assert (told.status, told.told) == ("delivered", "21")


async def test_what_no_database_keeps_is_left_out_of_a_notice(api: Api) -> None:
    number = await shipped(api, "notice-nul")
    at = api.clock.now.isoformat()
    answer = await send(api, *signed({"tracking_number": number, "status": "X4", "at": at, "place": "Yo\0rk"}))

    assert answer.json() == {"recorded": 1, "unknown": 0}
    body = (await api.get("/v1/orders/web:notice-nul/tracking")).json()
    assert body["fulfillments"][0]["parcels"][0]["checkpoints"][0]["place"] == "York"
