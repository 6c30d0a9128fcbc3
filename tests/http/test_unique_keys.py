"""A key that is given twice in one object is refused by its place, wherever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http.conftest import Api
from troth.http.edge.unique_keys import find_repeated
from troth.store.codec import encode_bytes


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ('{"a": 1, "b": 2}', []),
        ('{"a": {"a": 1}, "b": {"a": 1}}', []),
        ('{"a": 1, "a": 1}', ["/a"]),
        ('[{"a": {"b/c": 1, "b/c": 2, "b/c": 3}}]', ["/0/a/b~1c"]),
        ('{"\\u0061": 1, "a": 2, "n": [{"x": 1}, {"x": 1, "x": 2}]}', ["/a", "/n/1/x"]),
        ('"a"', []),
    ],
)
def test_each_key_that_comes_again_is_named_by_its_pointer(text: str, pointers: list[str]) -> None:
    assert [flaw.pointer for flaw in find_repeated(text.encode())] == pointers


_VALUES = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(_VALUES)
def test_what_was_written_from_a_value_repeats_nothing(value: object) -> None:
    assert find_repeated(encode_bytes(value)) == ()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_body_with_a_key_twice_is_refused_and_nothing_is_written(api: Api) -> None:
    sku = await api.stocked("TWICE", {"DC-PA": 5})
    body = (
        f'{{"channel": "web", "external_id": "TWICE", "method": "ship",'
        f' "ship_to": {{"country": "US", "postcode": "10118"}},'
        f' "lines": [{{"line_id": "1", "sku": "{sku}", "quantity": 1, "quantity": 2}}]}}'
    )
    answer = await api.client.post("/v1/orders", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"] == [{"pointer": "/lines/0/quantity", "detail": "is given more than once"}]
    assert (await api.get("/v1/orders/web:TWICE")).status_code == 404
