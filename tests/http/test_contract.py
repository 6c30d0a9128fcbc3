"""What the published document says is what the server does: examples, schemas, and no answer of 5xx."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema_rs
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks, specs
from schemathesis.core import NOT_SET

from tests.http.conftest import Api
from troth.http.app import OPERATIONS
from troth.http.edge.openapi import describe_api, public_path
from troth.http.edge.operations import NO_BODY, AnyOperation
from troth.http.edge.problems import Problem
from troth.http.orders.examples import ORDER_ID
from troth.http.orders.order_body import ORDER_EXAMPLE
from troth.store.codec import decode, encode_bytes

DOCUMENT = decode(encode_bytes(describe_api(OPERATIONS)), dict[str, Any])
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
CHECKS = [
    checks.not_a_server_error,
    specs.openapi.checks.status_code_conformance,
    specs.openapi.checks.content_type_conformance,
    specs.openapi.checks.response_schema_conformance,
]
BY_NAME = {operation.name: operation for operation in OPERATIONS}


def shown_answers() -> Iterator[Any]:
    """Every answer that the document shows, with its operation."""
    for operation in OPERATIONS:
        for shown in operation.shown:
            if shown.type is not None:
                yield pytest.param(operation, shown.status, id=f"{operation.name}-{shown.status}")


def described(operation: AnyOperation) -> dict[str, Any]:
    """What the document says about an operation."""
    found: dict[str, Any] = DOCUMENT["paths"][public_path(operation)][operation.method.lower()]
    return found


def test_no_two_operations_share_a_name_or_a_path() -> None:
    assert len(BY_NAME) == len(OPERATIONS)
    assert len({(operation.method, operation.path) for operation in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_reads_the_example_of_its_own_body(operation: AnyOperation) -> None:
    has_body = operation.body is not NO_BODY or bool(operation.streams)
    assert has_body == ("requestBody" in described(operation))
    if operation.body is not NO_BODY:
        operation.body.parse(encode_bytes(operation.body.example))


@pytest.mark.parametrize(("operation", "status"), tuple(shown_answers()))
def test_the_example_of_an_answer_fits_its_schema(operation: AnyOperation, status: int) -> None:
    content = described(operation)["responses"][str(status)]["content"]["application/json"]
    schema = content["schema"] | {"components": DOCUMENT["components"]}

    assert list(jsonschema_rs.validator_for(schema).iter_errors(content["example"])) == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_answer_has_an_example_and_every_problem_its_own(operation: AnyOperation) -> None:
    for status, response in described(operation)["responses"].items():
        for media_type, content in response.get("content", {}).items():
            if media_type == "application/json":
                assert content["example"] is not None
                continue
            for code, example in content["examples"].items():
                problem = decode(encode_bytes(example["value"]), Problem)
                assert (problem.code, problem.status) == (code, int(status))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def example(api: Api) -> Api:
    """Give the app in which the order of the document's examples is there, with stock for many more."""
    await api.stocked("A-1001", {"DC-PA": 1_000_000, "ST-NYC": 1_000_000})
    answer = await api.post("/v1/orders", ORDER_EXAMPLE)
    assert answer.json()["order_id"] == ORDER_ID
    return api


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", sorted(BY_NAME))
@settings(max_examples=12, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_no_request_breaks_the_server_or_the_document(example: Api, name: str, data: st.DataObject) -> None:
    operation = BY_NAME[name]
    case = data.draw(SCHEMA[public_path(operation)][operation.method].as_strategy())
    is_example: bool = data.draw(st.booleans())
    if operation.path_examples and is_example:
        case.path_parameters = dict(operation.path_examples)
    path = public_path(operation)
    for parameter, value in (case.path_parameters or {}).items():
        path = path.replace(f"{{{parameter}}}", quote(str(value), safe=""))
    # A made-up key would end every request at the door; the client carries a valid one.
    headers = {key: value for key, value in (case.headers or {}).items() if key.lower() != "authorization"}
    body = None if case.body is NOT_SET else encode_bytes(case.body)

    answer = await example.client.request(
        operation.method,
        path,
        params=httpx.QueryParams(dict(case.query or {})),
        headers={"content-type": "application/json"} | headers,
        content=body,
    )

    assert answer.status_code not in (401, 403)
    case.validate_response(answer, checks=CHECKS)
