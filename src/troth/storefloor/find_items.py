"""Items that somebody in a store looks for: by a code, a SKU or a name."""

from typing import Final

from troth.model.barcodes import printed_codes
from troth.model.item import Item
from troth.pages.desk import Visit
from troth.store.reference import find_items, find_items_by_code

FOUND_MAX: Final = 5


async def find_items_by_text(visit: Visit, q: str) -> list[Item]:
    """The items that a code or a text means: exactly the one with that code, else those that it begins or names."""
    async with visit.system.pool.acquire() as connection:
        exact = await find_items_by_code(connection, printed_codes(q), limit=FOUND_MAX)
        if exact:
            return exact
        return [found.value for found in await find_items(connection, text=q, limit=FOUND_MAX)]
