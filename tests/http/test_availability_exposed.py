"""Rules of exposure show in availability at once, by channel, and what is shown is what the channel's orders get."""

from typing import Any

import pytest

from tests.builders import accepted, capture
from tests.http.conftest import Api, order
from troth.flows.door.system import open_system

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _publish(api: Api, name: str, rules: dict[str, Any]) -> None:
    made = await api.put(f"/v1/exposure-rules/{name}", rules)
    assert made.status_code == 201, made.text
    acted = await api.post(f"/v1/exposure-rules/{name}/activate", {"version": 1, "reason": "test"})
    assert acted.status_code == 200, acted.text


async def _shown(api: Api, sku: str, channel: str = "web") -> int:
    """What is shown now; fails the test where what is kept is not what a full answer says."""
    path = f"/v1/availability?sku={sku}&channel={channel}"
    kept, again, full = await api.get(path), await api.get(path), await api.get(f"{path}&country=US")
    assert kept.content == again.content == full.content
    shown: int = kept.json()["items"][0]["available"]
    return shown


async def _is_accepted(api: Api, external_id: str, sku: str, units: int, **changes: Any) -> bool:
    answer = await api.post("/v1/orders", order(external_id, {sku: units}, **changes))
    assert answer.status_code in (201, 409), answer.text
    return answer.status_code == 201


async def test_each_channel_is_shown_what_its_orders_get(api: Api) -> None:
    await api.stocked("X1", {"DC-PA": 10, "ST-NYC": 4})
    where = "item.sku == 'X1'"
    before = await _shown(api, "X1")
    await _publish(
        api,
        "x1",
        {
            "safety_stock": [{"name": "two", "where": f"{where} && node.type == 'dc'", "units": 2}],
            "buffers": [{"name": "web", "where": where, "channels": ["web"], "units": 3}],
        },
    )

    assert (before, await _shown(api, "X1"), await _shown(api, "X1", "store")) == (14, 9, 12)
    wanted = "sku=X1&channel=web&node=DC-PA&node=ST-NYC"
    by_node = (await api.get(f"/v1/availability?{wanted}&form=columns")).json()["items"][0]
    place = (await api.get("/v1/availability?sku=X1&channel=web&postcode=10118")).json()["items"][0]["place"]
    assert (by_node["available"], by_node["columns"]["available"]) == (9, [8, 4])
    assert place == {"ship": 9, "pickup": 4}
    assert not await _is_accepted(api, "X1-1", "X1", 10)
    assert await _is_accepted(api, "X1-2", "X1", 9)
    assert (await _shown(api, "X1"), await _shown(api, "X1", "store")) == (0, 3)
    assert not await _is_accepted(api, "X1-3", "X1", 4, channel="store")
    assert await _is_accepted(api, "X1-4", "X1", 3, channel="store")
    retired = await api.post("/v1/exposure-rules/x1/retire", {"reason": "test"})
    assert retired.status_code == 200, retired.text
    assert (await _shown(api, "X1"), await _shown(api, "X1", "store")) == (2, 2)


async def test_a_rule_shows_from_when_it_begins_until_it_ends(api: Api) -> None:
    await api.stocked("X2", {"DC-PA": 10})
    rule = {
        "name": "six",
        "where": "item.sku == 'X2'",
        "units": 6,
        "starts_at": "2026-11-23T16:00:00Z",
        "ends_at": "2026-11-23T17:00:00Z",
    }
    await _publish(api, "x2", {"safety_stock": [rule]})

    shown = []
    for _ in range(4):  # from 15:00 on
        shown.append(await _shown(api, "X2"))
        api.clock.advance(minutes=40)

    assert shown == [10, 10, 4, 10]


async def test_a_quota_that_another_process_draws_from_is_shown_drawn(api: Api) -> None:
    await api.stocked("X3", {"DC-PA": 20})
    where = "item.sku == 'X3'"
    await _publish(
        api, "x3", {"allocations": [{"name": "few", "by": "channel", "period": "day", "where": where, "units": 12}]}
    )
    assert (await _shown(api, "X3"), await _shown(api, "X3", "store")) == (12, 12)

    async with open_system(api.dsn, clock=api.clock) as other:
        accepted(await other.door.one(capture("X3-1", {"X3": 5}), actor="test"))
    await api.system.door.follow()
    assert (await _shown(api, "X3"), await _shown(api, "X3", "store")) == (7, 12)
    assert not await _is_accepted(api, "X3-2", "X3", 8)
    assert await _is_accepted(api, "X3-3", "X3", 7)
    assert (await _shown(api, "X3"), await _shown(api, "X3", "store")) == (0, 8)
