"""Who gets in, and whose forms count."""

import httpx
import pytest

from tests.builders import accepted, capture
from tests.console.conftest import PASSWORD, begin_session, csrf_in, log_in, post
from troth.flows.door.system import System
from troth.flows.people.users import create_user
from troth.store.orders import read_orders


async def test_a_page_sends_a_stranger_to_the_login_and_back(stranger: httpx.AsyncClient, system: System) -> None:
    await create_user(system.pool, login="maya", password=PASSWORD, role="operator", actor="test")
    sent = await stranger.get("/console/orders?status=on_hold")
    assert (sent.status_code, sent.headers["location"]) == (
        303,
        "/console/login?next=/console/orders%3Fstatus%3Don_hold",
    )
    form = await stranger.get(sent.headers["location"])
    assert 'value="/console/orders?status=on_hold"' in form.text
    data = {"csrf": csrf_in(form), "login": "maya", "password": PASSWORD, "next": "/console/orders?status=on_hold"}
    entered = await stranger.post("/console/login", data=data)
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/orders?status=on_hold")


async def test_the_cookie_of_a_session_is_out_of_reach_of_scripts_and_other_sites(
    stranger: httpx.AsyncClient, system: System
) -> None:
    await create_user(system.pool, login="maya", password=PASSWORD, role="operator", actor="test")
    cookie = (await log_in(stranger, "maya")).headers["set-cookie"]
    assert "troth_session=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/console/", "/elsewhere", "/console/\\evil", "javascript:alert(1)"],
)
async def test_the_login_leads_nowhere_but_into_the_console(
    stranger: httpx.AsyncClient, system: System, target: str
) -> None:
    await create_user(system.pool, login="maya", password=PASSWORD, role="operator", actor="test")
    form = await stranger.get("/console/login")
    data = {"csrf": csrf_in(form), "login": "maya", "password": PASSWORD, "next": target}
    entered = await stranger.post("/console/login", data=data)
    assert entered.headers["location"] == "/console/"


async def test_a_wrong_password_is_told_without_saying_which_was_wrong(
    stranger: httpx.AsyncClient, system: System
) -> None:
    await create_user(system.pool, login="maya", password=PASSWORD, role="operator", actor="test")
    wrong = await log_in(stranger, "maya", "another password")
    unknown = await log_in(stranger, "nobody", "another password")
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert "Login or password is wrong." in wrong.text
    assert "Login or password is wrong." in unknown.text
    assert "troth_session" not in stranger.cookies


async def test_a_login_form_of_another_site_counts_for_nothing(stranger: httpx.AsyncClient, system: System) -> None:
    await create_user(system.pool, login="maya", password=PASSWORD, role="operator", actor="test")
    sent = await stranger.post("/console/login", data={"csrf": "x", "login": "maya", "password": PASSWORD})
    assert sent.status_code == 403
    assert "troth_session" not in stranger.cookies


@pytest.mark.parametrize(
    ("role", "bounds"), [("store_associate", {"nodes": ["ST-NYC"]}), ("partner", {"customers": ["C-1"]})]
)
async def test_who_is_bound_to_some_nodes_or_customers_stays_outside(
    stranger: httpx.AsyncClient, system: System, role: str, bounds: dict[str, list[str]]
) -> None:
    created = await create_user(system.pool, login="sam", password=PASSWORD, role=role, actor="test", **bounds)  # type: ignore[arg-type]
    assert created.login == "sam"  # type: ignore[union-attr]
    refused = await log_in(stranger, "sam")
    assert refused.status_code == 403
    assert "another part of Troth" in refused.text
    assert (await stranger.get("/console/orders")).status_code == 303


async def test_a_session_ends_with_the_logout(client: httpx.AsyncClient) -> None:
    token = client.cookies["troth_session"]
    left = await post(client, "/", "/logout")
    assert left.headers["location"] == "/console/login"
    client.cookies.set("troth_session", token, domain="console.test", path="/console")
    assert (await client.get("/console/orders")).status_code == 303


@pytest.mark.parametrize("token", [None, "", "0" * 32])
async def test_a_form_without_its_token_changes_nothing(
    client: httpx.AsyncClient, system: System, token: str | None
) -> None:
    order = accepted(await system.door.one(capture(), actor="test"))
    data = {"type": "manual", "reason": "forged"} | ({} if token is None else {"csrf": token})
    refused = await client.post(f"/console/orders/{order.order_id}/hold", data=data)
    assert refused.status_code == 403
    async with system.pool.acquire() as connection:
        assert (await read_orders(connection, [order.order_id]))[order.order_id].holds == ()


async def test_a_planner_sees_orders_but_cannot_change_them(stranger: httpx.AsyncClient, system: System) -> None:
    token = await begin_session(system, "pia", "planner")
    stranger.cookies.set("troth_session", token, domain="console.test", path="/console")
    order = accepted(await system.door.one(capture(), actor="test"))
    shown = await stranger.get(f"/console/orders/{order.order_id}")
    assert shown.status_code == 200
    assert "Place a hold" not in shown.text
    refused = await post(stranger, "/", f"/orders/{order.order_id}/release")
    assert refused.status_code == 403
    assert "orders:write" in refused.text
    assert (await stranger.get("/console/webhooks")).status_code == 403


async def test_a_part_of_a_page_asks_for_a_new_login_by_reloading(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/console/orders/O-1/row", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (401, "true")


async def test_every_page_forbids_what_it_does_not_need(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/console/")).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
