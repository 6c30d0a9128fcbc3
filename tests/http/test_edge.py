"""What every request meets: ids, authentication, methods, bodies, and a problem for every no."""

import re

import asyncpg
import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.http.conftest import Api
from troth.flows.stock.warm_up import WarmUp
from troth.http.app import create_app
from troth.http.edge.problems import PROBLEMS, PROTESTS, TYPE_BASE
from troth.model.refusals import REFUSALS
from troth.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_refusal_and_protest_has_a_status_and_a_title_and_nothing_else_has() -> None:
    assert sorted(PROBLEMS) == sorted([*REFUSALS, *PROTESTS])


async def test_a_live_process_says_so_without_a_key(api: Api) -> None:
    answer = await api.get("/healthz", headers={"authorization": ""})

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_process_with_its_database_is_ready(api: Api) -> None:
    answer = await api.get("/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


async def test_a_process_is_not_ready_until_it_has_loaded_what_was_ordered_lately(api: Api) -> None:
    warm_up = WarmUp(api.system, balances_max=10)
    cold = create_app(api.system, Settings(), warm_up=warm_up)
    transport = httpx.ASGITransport(cold)
    async with httpx.AsyncClient(transport=transport, base_url="http://troth") as client:
        before = await client.get("/readyz")
        await warm_up.run()
        after = await client.get("/readyz")

    assert (before.status_code, before.json()["type"].rpartition("/")[2]) == (503, "warming-up")
    assert before.headers["retry-after"] == "1"
    assert (after.status_code, after.json()["stock"]) == (200, "loaded")


async def test_metrics_count_requests_by_operation(api: Api) -> None:
    await api.get("/v1/lifecycles")

    assert (
        'troth_http_request_seconds_count{operation="read_lifecycles",status="200"}' in (await api.get("/metrics")).text
    )


async def test_a_request_keeps_the_id_that_it_came_with(api: Api) -> None:
    answer = await api.get("/v1/lifecycles", headers={"x-request-id": "abc-1"})

    assert answer.headers["x-request-id"] == "abc-1"


async def test_a_request_with_an_unfit_id_gets_another(api: Api) -> None:
    answer = await api.get("/v1/lifecycles", headers={"x-request-id": "a b"})

    assert len(answer.headers["x-request-id"]) == 16


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer nobody", "Basic YTpi"])
async def test_a_request_without_a_valid_key_is_unauthorized(api: Api, given: str) -> None:
    answer = await api.get("/v1/lifecycles", headers={"authorization": given})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == 'Bearer realm="troth"'
    assert answer.json()["type"] == TYPE_BASE + "unauthorized"


async def test_a_key_without_the_scope_is_forbidden_and_told_which(api: Api) -> None:
    key = await api.key_for("inventory:read")

    answer = await api.get("/v1/lifecycles", headers={"authorization": f"Bearer {key}"})

    assert (answer.status_code, answer.json()["scope"]) == (403, "orders:read")


async def test_an_unknown_path_is_a_problem(api: Api) -> None:
    answer = await api.get("/v1/nothing")

    assert (answer.status_code, answer.json()["code"]) == (404, "no-such-path")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "x-request-id" in answer.headers


async def test_a_wrong_method_is_told_the_right_ones(api: Api) -> None:
    answer = await api.post("/v1/lifecycles")

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json()["code"] == "method-not-allowed"


async def test_an_unknown_query_parameter_is_refused_by_name(api: Api) -> None:
    answer = await api.get("/v1/lifecycles?color=red")

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "?color", "detail": "there is no parameter color"}]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("the secret is 42"), 500, "internal-error"),
        (ConnectionRefusedError("10.0.0.1"), 503, "unavailable"),
        (asyncpg.AdminShutdownError("bye"), 503, "unavailable"),
    ],
)
async def test_what_goes_wrong_here_is_a_problem_that_tells_nothing_of_the_inside(
    api: Api, error: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(request: Request) -> Response:
        raise error

    app = create_app(api.system, Settings(), more=[Route("/fail", fail)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://troth.test") as client:
        answer = await client.get("/fail", headers={"x-request-id": "failing-1"})

    assert (answer.status_code, answer.json()["code"], answer.json()["transient"]) == (status, code, status == 503)
    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)
    assert str(error) not in answer.text
    assert answer.headers["x-request-id"] == "failing-1"
    assert "failing-1" in caplog.text


async def test_the_type_of_a_problem_leads_to_its_meaning(api: Api) -> None:
    page = (await api.get("/docs")).text

    for code in PROBLEMS:
        answer = await api.get(TYPE_BASE + code)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/docs#problem-{code}")
        assert f'id="problem-{code}"' in page
    assert (await api.get(TYPE_BASE + "nothing")).status_code == 404


async def test_the_page_of_the_documentation_loads_nothing_and_names_every_operation(api: Api) -> None:
    page = (await api.get("/docs")).text
    document = (await api.get("/v1/openapi.json")).json()

    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert [name for name in names if f'<details id="{name}">' not in page] == []
    assert re.findall(r"(?:src|href|action)=\W?https?:|url\(|@import|<script", page) == []
