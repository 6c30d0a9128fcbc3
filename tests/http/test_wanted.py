"""Flaws of fields are told in our words: what is wanted, never a type of the reader nor a regular expression."""

import re
from typing import Any

import pytest

from tests.http.conftest import Api, order
from troth.http.edge.wanted import PATTERNS

TOLD_ELSEWHERE = {r"^-?[0-9]+(\.[0-9]{1,3})?$", r"^[\x21-\x7e]+$"}
"""Of quantities and of Idempotency-Key, which are read by rules of their own."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _patterns(schema: Any) -> set[str]:
    if isinstance(schema, dict):
        own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
        return own.union(*map(_patterns, schema.values()))
    return set().union(*map(_patterns, schema)) if isinstance(schema, list) else set()


async def test_every_pattern_that_the_api_asks_for_is_said_in_words(api: Api) -> None:
    published = (await api.get("/v1/openapi.json")).json()

    assert sorted(_patterns(published) - set(PATTERNS) - TOLD_ELSEWHERE) == []


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
async def test_an_example_of_a_pattern_fits_it(pattern: str) -> None:
    example = re.search(r"such as (\S+?)(?:,|$| or )", PATTERNS[pattern])

    assert example is None or re.search(pattern, example[1])


@pytest.mark.parametrize(
    ("changes", "pointer", "detail"),
    [
        ({"channel": "web shop"}, "/channel", PATTERNS[r"^[A-Za-z0-9][A-Za-z0-9._-]*$"]),
        ({"channel": None}, "/channel", "must be a text"),
        (
            {"ship_to": {"country": "us"}},
            "/ship_to/country",
            "must be a country in two capitals (ISO 3166), such as US",
        ),
        ({"customer": {"email": "ada"}}, "/customer/email", "must be an email address, such as ada@example.com"),
        ({"customer": "ada"}, "/customer", "must be an object"),
        ({"ship_complete": "yes"}, "/ship_complete", "must be true or false"),
        ({"lines": {}}, "/lines", "must be a list"),
        ({"lines": []}, "/lines", "must have at least one entry"),
    ],
)
async def test_a_field_that_does_not_fit_is_told_what_is_wanted(
    api: Api, changes: dict[str, Any], pointer: str, detail: str
) -> None:
    answer = await api.post("/v1/orders", order("told-1", {"A": 1}) | changes)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": pointer, "detail": detail}]


async def test_a_parameter_that_does_not_fit_is_told_what_is_wanted(api: Api) -> None:
    answer = await api.get("/v1/nodes?limit=many&type=moon")

    assert {one["pointer"]: one["detail"] for one in answer.json()["errors"]} == {
        "?limit": "must be a whole number",
        "?type": "must be dc, store, drop_ship, 3pl, supplier or locker",
    }
