"""What nodes sold, whoever sends it."""

from datetime import datetime

from troth.model.ids import NodeId
from troth.model.value import dataclass
from troth.store.database import Connection
from troth.store.queries import sql

_SUM = sql("sum_seller_credits")


@dataclass(frozen=True, slots=True)
class SellerCredit:
    """What somebody (empty: nobody was named) sold at a node in a currency: orders, of these canceled, and of which
    another node sends something; and what all of them come to, without what was canceled (minor units).
    """

    node: NodeId
    seller: str
    currency: str
    orders: int
    canceled: int
    sent_by_others: int
    total_minor: int


async def sum_seller_credits(
    connection: Connection, since: datetime, until: datetime, *, node: str | None = None
) -> list[SellerCredit]:
    """What nodes sold of the orders that were captured in a time, by node, seller and currency."""
    return [SellerCredit(**row) for row in await connection.fetch(_SUM, since, until, node)]
