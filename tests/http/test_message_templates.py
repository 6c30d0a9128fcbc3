"""Texts as documents: what is refused, what is seldom meant, and how they would be told."""

import pytest
import pytest_asyncio

from tests.http.conftest import Api
from tests.http.test_messages import put_in_force

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api: Api) -> Api:
    """A channel that speaks Spanish."""
    await put_in_force(api, "shop", {"channel_languages": {"tienda": "es"}})
    return api


async def test_what_is_wrong_with_texts_is_named_with_its_place(shop: Api) -> None:
    answer = await shop.put(
        "/v1/message-templates/faulty",
        {
            "language": "xx",
            "channel_languages": {"tienda": "zz"},
            "low_stock": [{"units": -1}],
            "texts": [
                {"language": "en", "texts": {"ships": "From {shop}", "shipz": "?", "in_stock": " ", "canceled": "{"}},
                {"language": "en", "texts": {"low_stock": {"one": "Last one"}, "in_stock": {"other": "Here"}}},
                {"language": "en", "texts": {"low_stock": {"few": "{units}", "other": "{units}"}}},
                {"language": "no language", "texts": {}},
            ],
        },
    )

    assert answer.status_code == 422
    assert [(one["pointer"], one["detail"]) for one in answer.json()["errors"]] == [
        ("/language", "xx is no language that is known, such as en, es or es-MX"),
        ("/channel_languages/tienda", "zz is no language that is known, such as en, es or es-MX"),
        ("/low_stock/0/units", "must be from 0, which says it never, to 9999999"),
        (
            "/texts/0/texts/ships",
            "line 1, column 6: ships has no placeholder {shop}; it has {place}, {day}, {arrival}",
        ),
        ("/texts/0/texts/shipz", "there is no message shipz; did you mean ships?"),
        ("/texts/0/texts/in_stock", "must say something"),
        ("/texts/0/texts/canceled", "line 1, column 1: a lone {; write {{ for the brace itself"),
        ("/texts/1/texts/low_stock/other", "is required: it is said where no other category fits"),
        ("/texts/1/texts/in_stock", "in_stock counts nothing, so it has one text"),
        ("/texts/2/texts/low_stock/few", "en has the plural categories one, other"),
        ("/texts/3/language", "no language is no language that is known, such as en, es or es-MX"),
    ]
    assert (await shop.get("/v1/message-templates/faulty")).status_code == 404


async def test_what_is_seldom_meant_is_found(shop: Api) -> None:
    answer = await shop.post(
        "/v1/message-templates/odd/check",
        {
            "low_stock": [{"units": 3}, {"units": 4}],
            "texts": [
                {"language": "en", "texts": {"ships": "Leaves soon", "low_stock": {"one": "Last", "other": "{units}"}}},
                {"language": "EN", "texts": {"ships": "There {arrival}"}},
                {"language": "fr", "texts": dict.fromkeys(("in_stock", "canceled"), "Oui")},
            ],
        },
    )

    body = answer.json()
    assert (body["is_valid"], body["errors"]) == (True, [])
    found = {one["pointer"]: one["detail"] for one in body["findings"]}
    assert found["/texts/0/texts/ships"] == "does not say {arrival}, so that the customer is not told"
    assert found["/texts/1/texts/ships"] == "is said by /texts/0 already, for the same"
    assert found["/low_stock/1"] == "is said by /low_stock/0 already, for the same channels"
    assert found["/texts/2"].startswith("in fr there is no text everywhere for today, tomorrow, yesterday, day,")
    assert len(found) == 4


async def test_texts_are_previewed_without_being_told(shop: Api) -> None:
    templates = {"texts": [{"language": "es", "texts": {"low_stock": {"one": "¡Último!", "other": "¡{units}!"}}}]}
    body = {"name": "shop", "templates": templates, "channel": "tienda", "language": "es-MX"}

    answer = await shop.post("/v1/message-templates/preview", body)

    told = {one["message"]: one for one in answer.json()["messages"]}
    assert (answer.status_code, answer.json()["language"]) == (200, "es-MX")
    assert told["low_stock"] == {
        "message": "low_stock", "when": "few units", "told": ["¡Último!", "¡3!"], "language": "es", "document": "shop",
    }  # fmt: skip
    assert told["pickup_today"]["told"] == ["Listo para recoger hoy antes de las 5:30\u202fp.m. en Fifth Avenue."]
    assert (told["pickup_today"]["language"], told["pickup_today"]["document"]) == ("es", None)
    refused = await shop.post("/v1/message-templates/preview", {**body, "templates": {"text": []}})
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/templates/text"]
