"""Unit prices over the API: published in parts, in force as a whole, applied while fresh, told with the decision."""

from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOW
from tests.http.conftest import Api, order

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/unit-prices"
_CAPTURE_ONLY = ("external_id", "ordered_at")


def part(*prices: dict[str, Any], last: bool = True, hours_old: float = 1.0) -> dict[str, Any]:
    """A part of a set that was made so many hours before the tests' time."""
    return {"made_at": (NOW - timedelta(hours=hours_old)).isoformat(), "prices": list(prices), "last": last}


def price(sku: str, node: str, **figures: float) -> dict[str, Any]:
    return {"sku": sku, "node": node, **figures}


async def explained(api: Api, order_id: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/orders/{order_id}/explanation")
    assert answer.status_code == 200, answer.text
    newest: dict[str, Any] = answer.json()["decisions"][0]
    return newest


async def lines_of(api: Api, version: str) -> int:
    count: int = await api.system.pool.fetchval(
        "SELECT count(*) FROM unit_prices JOIN price_sets USING (set_id) WHERE version = $1", version
    )
    return count


async def test_an_order_avoids_a_node_whose_units_are_dear_and_is_explained_with_the_prices(api: Api) -> None:
    sku = await api.stocked("UP-1", {"ST-NYC": 9, "DC-PA": 9})
    plain = await api.capture("UP-PLAIN", {sku: 1})
    near = plain["fulfillments"][0]["node"]
    far = next(name for name in ("ST-NYC", "DC-PA") if name != near)

    begun = await api.put(f"{PATH}/p@1", part(price(sku, near, minor=900), last=False))
    still = await api.capture("UP-STILL", {sku: 1})
    finished = await api.put(f"{PATH}/p@1", part(price(sku, far, minor=0)))
    priced = await api.capture("UP-PRICED", {sku: 1})
    quoted = await api.post("/v1/quotes", {k: v for k, v in order("UP-Q", {sku: 1}).items() if k not in _CAPTURE_ONLY})

    assert (begun.status_code, begun.json()["in_force"], begun.json()["lines"]) == (201, False, None)
    assert (finished.status_code, finished.json()["applied"], finished.json()["lines"]) == (200, True, 2)
    assert [one["fulfillments"][0]["node"] for one in (still, priced)] == [near, far]
    assert quoted.status_code == 200, quoted.text
    assert quoted.json()["options"][0]["shipments"][0]["node"] == far
    decision = await explained(api, priced["order_id"])
    assert (decision["is_reproduced"], decision["missing"]) == (True, "")
    assert decision["trace"]["prices_version"] == "p@1"
    assert (await explained(api, plain["order_id"]))["trace"]["prices_version"] == ""


async def test_the_set_that_was_made_last_decides_and_a_decision_keeps_the_one_it_had(api: Api) -> None:
    sku = await api.stocked("UP-2", {"ST-NYC": 9, "DC-PA": 9})
    await api.put(f"{PATH}/q@1", part(price(sku, "ST-NYC", minor=5_000), hours_old=0.9))
    first = await api.capture("UP-FIRST", {sku: 1})
    await api.put(f"{PATH}/q@2", part(price(sku, "DC-PA", minor=5_000), hours_old=0.8))
    second = await api.capture("UP-SECOND", {sku: 1})
    older = await api.put(f"{PATH}/q@0", part(price(sku, "ST-NYC", minor=5_000), hours_old=0.95))

    listed = (await api.get(f"{PATH}?limit=3")).json()["items"]

    assert [one["fulfillments"][0]["node"] for one in (first, second)] == ["DC-PA", "ST-NYC"]
    assert older.json()["in_force"] is False
    assert [(one["version"], one["age_hours"], one["applied"]) for one in listed] == [
        ("q@2", 0.8, True),
        ("q@1", 0.9, False),
        ("q@0", 0.95, False),
    ]
    again = await explained(api, first["order_id"])
    assert (again["is_reproduced"], again["trace"]["prices_version"]) == (True, "q@1")


async def test_prices_that_grew_old_are_not_applied_and_the_decision_says_so(api: Api) -> None:
    sku = await api.stocked("UP-3", {"ST-NYC": 9, "DC-PA": 9})
    plain = (await api.capture("UP-BEFORE", {sku: 1}))["fulfillments"][0]["node"]
    await api.put(f"{PATH}/r@1", part(price(sku, plain, minor=9_000), hours_old=0.5))
    api.clock.advance(hours=24)
    try:
        captured = await api.capture("UP-OLD", {sku: 1})
        listed = (await api.get(PATH)).json()["items"][0]
    finally:
        api.clock.advance(hours=-24)

    assert captured["fulfillments"][0]["node"] == plain
    assert (listed["version"], listed["in_force"], listed["applied"]) == ("r@1", True, False)
    decision = await explained(api, captured["order_id"])
    assert (decision["trace"]["prices_version"], decision["is_reproduced"]) == ("", True)
    assert decision["trace"]["notes"] == ["unit prices r@1 are 24.5 h old, more than 24: not applied"]


async def test_a_part_with_a_flaw_is_refused_as_a_whole_and_the_line_is_named(api: Api) -> None:
    sku = await api.stocked("UP-4", {"DC-PA": 1})
    flawed = {
        "/prices/1/sku": part(price(sku, "DC-PA", minor=1), price("UP-NONE", "DC-PA", minor=1)),
        "/prices/0/node": part(price(sku, "NOWHERE", minor=1)),
        "/prices/1": part(price(sku, "DC-PA", minor=1), price(sku, "DC-PA", minor=2)),
        "/prices/0": part(price(sku, "DC-PA")),
        "/prices/0/minor": part(price(sku, "DC-PA", minor=-1)),
        "/made_at": part(price(sku, "DC-PA", minor=1), hours_old=-2),
    }
    for pointer, body in flawed.items():
        answer = await api.put(f"{PATH}/flawed", body)
        assert answer.status_code == 422, answer.text
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
        assert await lines_of(api, "flawed") == 0
    assert "flawed" not in [one["version"] for one in (await api.get(PATH)).json()["items"]]


async def test_a_finished_set_takes_the_same_part_again_and_no_other(api: Api) -> None:
    sku = await api.stocked("UP-5", {"DC-PA": 1, "ST-NYC": 1})
    body = part(price(sku, "DC-PA", minor=7), hours_old=0.4)
    first = await api.put(f"{PATH}/s@1", body)
    same = await api.put(f"{PATH}/s@1", body)
    other = await api.put(f"{PATH}/s@1", part(price(sku, "DC-PA", minor=8), hours_old=0.4))
    more = await api.put(f"{PATH}/s@1", part(price(sku, "ST-NYC", minor=8), hours_old=0.4))
    of_another_time = await api.put(f"{PATH}/s@1", part(price(sku, "DC-PA", minor=7), hours_old=0.3))

    assert (first.status_code, same.status_code, same.json()) == (201, 200, first.json() | {"age_hours": 0.4})
    assert [answer.status_code for answer in (other, more, of_another_time)] == [409, 409, 422]
    assert await lines_of(api, "s@1") == 1


async def test_a_set_that_is_taken_back_decides_nothing_and_the_one_before_it_decides_again(api: Api) -> None:
    sku = await api.stocked("UP-6", {"ST-NYC": 9, "DC-PA": 9})
    await api.put(f"{PATH}/t@1", part(price(sku, "ST-NYC", minor=5_000), hours_old=0.3))
    await api.put(f"{PATH}/t@2", part(price(sku, "DC-PA", minor=5_000), hours_old=0.2))
    with_second = await api.capture("UP-T2", {sku: 1})

    taken = await api.post(f"{PATH}/t@2/take-back", {"reason": "the promotion was missing"})
    with_first = await api.capture("UP-T1", {sku: 1})
    again = await api.post(f"{PATH}/t@2/take-back", {"reason": "once more"})
    sent_again = await api.put(f"{PATH}/t@2", part(price(sku, "DC-PA", minor=5_000), hours_old=0.2))

    assert (taken.status_code, taken.json()["in_force"], taken.json()["applied"]) == (200, False, False)
    assert taken.json()["taken_back_at"] is not None
    assert [one["fulfillments"][0]["node"] for one in (with_second, with_first)] == ["ST-NYC", "DC-PA"]
    assert again.json() == taken.json()
    assert (sent_again.status_code, sent_again.json()["in_force"]) == (200, False)
    listed = {one["version"]: one for one in (await api.get(PATH)).json()["items"]}
    assert (listed["t@1"]["applied"], listed["t@2"]["taken_back_at"]) == (True, taken.json()["taken_back_at"])
    decision = await explained(api, with_second["order_id"])
    assert (decision["is_reproduced"], decision["trace"]["prices_version"]) == (True, "t@2")
    audited = (await api.get("/v1/audit?what=unit-prices&id=t@2")).json()["items"]
    assert audited[0]["after"]["taken_back"] == "the promotion was missing"


async def test_what_is_not_finished_or_not_there_cannot_be_taken_back_and_a_reason_is_needed(api: Api) -> None:
    sku = await api.stocked("UP-7", {"DC-PA": 1})
    await api.put(f"{PATH}/u@1", part(price(sku, "DC-PA", minor=1), hours_old=0.1, last=False))

    unfinished = await api.post(f"{PATH}/u@1/take-back", {"reason": "wrong"})
    unknown = await api.post(f"{PATH}/none/take-back", {"reason": "wrong"})
    await api.put(f"{PATH}/u@1", part(hours_old=0.1))
    silent = await api.post(f"{PATH}/u@1/take-back", {"reason": " "})

    assert [answer.status_code for answer in (unfinished, unknown, silent)] == [409, 404, 422]
    assert silent.json()["errors"][0]["pointer"] == "/reason"
    assert (await api.get(PATH)).json()["items"][0]["in_force"] is True


async def test_the_lines_of_a_set_are_listed_by_item_and_node(api: Api) -> None:
    skus = [await api.stocked(f"UP-L{number}", {"DC-PA": 1, "ST-NYC": 1}) for number in (1, 2)]
    lines = [price(sku, node, minor=7, weekly_units=1.5) for sku in skus for node in ("DC-PA", "ST-NYC")]
    await api.put(f"{PATH}/v@1", part(*lines, hours_old=0.05))

    first = (await api.get(f"{PATH}/v@1?limit=3")).json()
    rest = (await api.get(f"{PATH}/v@1?limit=3&cursor={first['next']}")).json()
    of_one = (await api.get(f"{PATH}/v@1?sku={skus[1]}&node=DC-PA")).json()
    unknown = await api.get(f"{PATH}/none")

    listed = [(one["sku"], one["node"]) for one in (*first["items"], *rest["items"])]
    assert listed == [(line["sku"], line["node"]) for line in lines]
    assert rest["next"] is None
    assert of_one["items"] == [
        {"sku": skus[1], "node": "DC-PA", "minor": 7.0, "markdown_minor": None, "weekly_units": 1.5}
    ]
    assert unknown.status_code == 404
