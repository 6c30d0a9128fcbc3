"""What carriers owe for parcels that they lost or damaged is claimed, once for each, and ends with what they say."""

import zlib

import pytest

from tests.http.conftest import Api
from tests.http.test_fulfillments import released

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def shipped(api: Api, external_id: str, status: str = "lost", units: int = 3) -> str:
    """The tracking number of a parcel of which its carrier said something."""
    sku = await api.stocked(external_id.upper(), {"DC-PA": 5})
    path = await released(api, external_id, {sku: units})
    number = f"C-{external_id}"
    await api.post(f"{path}/ship", {"packages": [{"package_id": "1", "carrier": "ups", "tracking_number": number}]})
    if status:
        told = {"tracking_number": number, "status": status, "at": api.clock.now.isoformat()}
        assert (await api.post("/v1/tracking", told)).status_code == 200
    return number


async def kinds(api: Api, external_id: str) -> list[str]:
    events = (await api.get(f"/v1/orders/web:{external_id}/events")).json()["items"]
    return [one["kind"] for one in events if one["kind"].startswith("CarrierClaim")]


async def test_a_claim_asks_for_what_the_parcel_was_worth_and_ends_with_what_was_paid(api: Api) -> None:
    number = await shipped(api, "claim-1")
    order = (await api.get("/v1/orders/web:claim-1")).json()
    opened = await api.post("/v1/carrier-claims", {"tracking_number": number})
    again = await api.post("/v1/carrier-claims", {"tracking_number": number})
    claim = opened.json()
    listed = (await api.get("/v1/carrier-claims?state=open&carrier=UPS&order=web:claim-1")).json()["items"]
    amount = {"amount": "10.00", "currency": "USD"}
    closed = await api.post(
        f"/v1/carrier-claims/{claim['claim_id']}/close", {"outcome": "paid", "amount": amount, "reference": "U-7"}
    )
    twice = await api.post(f"/v1/carrier-claims/{claim['claim_id']}/close", {"outcome": "denied"})
    after = await api.post("/v1/carrier-claims", {"tracking_number": number})

    assert (opened.status_code, claim["reason"], claim["state"]) == (201, "lost", "open")
    assert claim["amount"] == order["total"]
    assert listed == [claim]
    assert closed.json() == claim | {
        "state": "paid", "paid": amount, "reference": "U-7", "closed_at": closed.json()["closed_at"],
    }  # fmt: skip
    assert [(one.status_code, one.json()["type"].rpartition("/")[2]) for one in (again, twice, after)] == [
        (409, "not-possible-now"),
    ] * 3  # fmt: skip
    assert await kinds(api, "claim-1") == ["CarrierClaimOpened", "CarrierClaimClosed"]


async def test_a_claim_that_was_denied_may_be_made_again_for_another_amount(api: Api) -> None:
    number = await shipped(api, "claim-2", "damaged")
    first = (await api.post("/v1/carrier-claims", {"tracking_number": number})).json()
    await api.post(f"/v1/carrier-claims/{first['claim_id']}/close", {"outcome": "denied"})
    second = await api.post(
        "/v1/carrier-claims", {"tracking_number": number, "amount": {"amount": "1.00", "currency": "USD"}}
    )

    assert (first["reason"], second.status_code, second.json()["amount"]["amount"]) == ("damaged", 201, "1.00")
    assert second.json()["claim_id"] != first["claim_id"]


@pytest.mark.parametrize(
    ("status", "body", "pointer"),
    [
        ("in_transit", {}, "/reason"),
        ("lost", {"amount": {"amount": "0.00", "currency": "USD"}}, "/amount"),
        ("lost", {"amount": {"amount": "5.00", "currency": "EUR"}}, "/amount"),
        ("lost", {"reason": "eaten"}, "/reason"),
    ],
)
async def test_a_claim_that_does_not_fit_is_refused_with_its_field(
    api: Api, status: str, body: dict[str, object], pointer: str
) -> None:
    name = f"claim-flaw-{status}-{zlib.crc32(str(body).encode())}"
    number = await shipped(api, name, status)
    answer = await api.post("/v1/carrier-claims", {"tracking_number": number, **body})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await kinds(api, name) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"outcome": "paid"}, "/amount"),
        ({"outcome": "paid", "amount": {"amount": "999999.00", "currency": "USD"}}, "/amount"),
        ({"outcome": "denied", "amount": {"amount": "1.00", "currency": "USD"}}, "/amount"),
        ({"outcome": "open"}, "/outcome"),
    ],
)
async def test_an_end_that_does_not_fit_is_refused_and_the_claim_stays_open(
    api: Api, body: dict[str, object], pointer: str
) -> None:
    name = f"claim-end-{zlib.crc32(str(body).encode())}"
    number = await shipped(api, name)
    claim = (await api.post("/v1/carrier-claims", {"tracking_number": number})).json()
    answer = await api.post(f"/v1/carrier-claims/{claim['claim_id']}/close", body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await kinds(api, name) == ["CarrierClaimOpened"]


async def test_who_is_bound_sees_no_claims_and_what_is_not_known_is_none(api: Api) -> None:
    bound = await api.key_for("orders:write", nodes=["DC-PA"])
    headers = {"authorization": f"Bearer {bound}"}

    assert (await api.get("/v1/carrier-claims", headers=headers)).status_code == 403
    assert (await api.post("/v1/carrier-claims", {"tracking_number": "nobody"})).status_code == 404
    assert (await api.post("/v1/carrier-claims/O-1-K9/close", {"outcome": "denied"})).status_code == 404
