"""Millions of balances in a database of its own that is thrown away, made in minutes: rows first, from two connections,
then their indexes, side by side.
"""

import asyncio
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

import asyncpg

from benchmarks.retailer import fill

OPTIONS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "1GB",
}
"""Settings of a server whose data nobody would miss, for making them; one that is measured has others."""

Laid = Literal["by SKU", "by node"]
"""How rows lie on disk: in the order of the key, or as the feeds of one node after the other leave them."""

_BYTES_A_BALANCE: Final = 250
_BYTES_AN_ITEM: Final = 1_500
"""On disk with indexes, and what making these needs beside."""

_CONNECTIONS: Final = 2
_SECONDS_MAX: Final = 1_800.0
_INDEXES: Final = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made, c.conname AS of_constraint
FROM pg_index AS i LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.contype = 'p'
WHERE i.indrelid = $1::regclass
"""
_TEMPLATE: Final = "S00000"
_ITEMS: Final = f"""
INSERT INTO items (sku, version, name, category, gtin, document, changed_at)
SELECT n.sku, 1, i.name, i.category, i.gtin, replace(i.document::text, i.sku, n.sku)::json, i.changed_at
FROM items AS i
CROSS JOIN (
    SELECT 'S' || lpad(number::text, 7, '0') AS sku FROM generate_series($1::integer, $2::integer - 1) AS number
) AS n
WHERE i.sku = '{_TEMPLATE}'
"""
_BALANCES: Final = """
INSERT INTO balances (sku, node, source, on_hand, reserved, deficit)
SELECT sku, node, 'on_hand', (hashtext(sku || node) & 127) + 1, 0, 0 FROM
"""
# Nothing is joined by the conditions that always hold: they and OFFSET 0 keep the loops as they are written.
_LOOPS: Final[dict[Laid, str]] = {
    "by SKU": """
(SELECT sku FROM items WHERE sku >= $1 AND sku < $2 ORDER BY sku) AS s
CROSS JOIN LATERAL (SELECT node FROM nodes WHERE s.sku IS NOT NULL ORDER BY node OFFSET 0) AS n
""",
    "by node": """
(SELECT node FROM nodes ORDER BY node) AS n
CROSS JOIN LATERAL (
    SELECT sku FROM items WHERE n.node IS NOT NULL AND sku >= $1 AND sku < $2 ORDER BY sku OFFSET 0
) AS s
""",
}


async def fill_up(dsn: str, folder: Path, *, skus: int, nodes: int, laid: Laid) -> None:
    """Migrate a database in a folder and put some units of so many items at each of so many nodes.

    Raises RuntimeError where the disk has no room for them.
    """
    wanted, free = skus * (nodes * _BYTES_A_BALANCE + _BYTES_AN_ITEM), shutil.disk_usage(folder).free
    if wanted > free:
        raise RuntimeError(f"{wanted / 2**30:.0f} GiB are needed in {folder}, and {free / 2**30:.0f} are free")
    await fill(dsn, skus=1, nodes=nodes, held_percent=0)
    async with asyncpg.create_pool(dsn, min_size=1, max_size=_CONNECTIONS, command_timeout=_SECONDS_MAX) as pool:
        await _fill_bare(pool, "items", _ITEMS, _parts(skus))
        await pool.execute("DELETE FROM items WHERE sku = $1", _TEMPLATE)
        await pool.execute("VACUUM ANALYZE items")
        names = [(f"S{first:07d}", f"S{last:07d}") for first, last in _parts(skus)]
        await _fill_bare(pool, "balances", _BALANCES + _LOOPS[laid], names)
        await pool.execute("VACUUM ANALYZE balances")
        await pool.execute("CHECKPOINT")


async def _fill_bare(
    pool: asyncpg.Pool, table: str, query: str, parts: Sequence[tuple[int, int] | tuple[str, str]]
) -> None:
    """Fill a table by a query for each part, side by side, while it has no indexes, and make these again."""
    indexes = await pool.fetch(_INDEXES, table)
    for index in indexes:
        name = index["of_constraint"]
        await pool.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}" if name else f"DROP INDEX {index['name']}")
    await asyncio.gather(*(pool.execute(query, *part) for part in parts))
    await asyncio.gather(*(pool.execute(index["made"]) for index in indexes))
    for index in indexes:
        if name := index["of_constraint"]:
            await pool.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {index['name']}")


def _parts(count: int) -> list[tuple[int, int]]:
    edges = [count * part // _CONNECTIONS for part in range(_CONNECTIONS + 1)]
    return list(pairwise(edges))
