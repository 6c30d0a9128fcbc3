"""What is in a work: its lines with the names that people know them by."""

from troth.flows.door.system import System
from troth.model.kits import begun_units, kits_of
from troth.model.measure import shown
from troth.model.order import Fulfillment, Order
from troth.model.status import live_allocations
from troth.model.value import dataclass
from troth.pages.views import number
from troth.store.reference import read_items


@dataclass(frozen=True, slots=True)
class Content:
    """A line of a work: the item's name, its SKU, and how much of it, as it is read and as forms say it (`plain`)."""

    line_id: str
    sku: str
    name: str
    amount: str
    plain: str

    @property
    def named(self) -> tuple[str, str]:
        """The line and the item's name."""
        return self.line_id, self.name


async def contents_of(system: System, order: Order, work: Fulfillment) -> tuple[Content, ...]:
    """The lines of a work, as far as anything of them is still in it."""
    parts = [part for part in live_allocations(order) if part.fulfillment_id == work.fulfillment_id]
    kits = kits_of(order)
    units = begun_units(parts, kits)
    skus = {part.line_id: part.sku for part in parts if part.line_id not in kits}
    named = {line.line_id: line.sku for line in order.lines} | skus
    async with system.pool.acquire() as connection:
        items = await read_items(connection, {named[line_id] for line_id in units})
    decimals = {line.line_id: line.decimals for line in order.lines}
    return tuple(
        Content(
            line_id,
            named[line_id],
            items[named[line_id]].name if named[line_id] in items else named[line_id],
            number(count, decimals[line_id]),
            str(shown(count, decimals[line_id])),
        )
        for line_id, count in units.items()
    )
