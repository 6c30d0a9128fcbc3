"""An address that a customer gives and that cannot be used: which field it is, in their words, and nothing is lost."""

import httpx
import pytest

from tests.tracking.conftest import captured, path_of, stored
from tests.tracking.test_page import do
from troth.flows.door.system import System


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"country": "ZZ"}, "Eso no encaja: País (dos letras)"),
        ({"line1": " "}, "Eso no encaja: Calle y número"),
        ({"country": "AQ"}, "No podemos enviarlo allí."),
    ],
)
async def test_an_address_that_does_not_fit_is_refused_in_the_language_of_the_page_and_can_be_mended(
    system: System, client: httpx.AsyncClient, fields: dict[str, str], said: str
) -> None:
    order = await captured(system, attributes={"language": "es"})
    address = {"name": "Ben <Stone>", "line1": "9 Elm St", "city": "Boston", "country": "US", "lang": "es"} | fields
    answer = await do(client, await path_of(system, order), "address", order, **address)

    assert (answer.status_code, said in answer.text) == (409, True)
    assert 'value="Ben &lt;Stone&gt;"' in answer.text
    assert "<details open>" in answer.text
    assert (await stored(system, order.order_id)).version == order.version
