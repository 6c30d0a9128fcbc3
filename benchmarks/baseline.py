"""The yardstick: pgbench doing the least that an order is, in one statement, on the same server.

It reads no network, promises nothing, validates nothing and explains nothing: two balances at a node that was chosen
before are locked in sorted order, checked and moved, and an order, its two lines, two entries and one event are
inserted.
"""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from troth.store.embedded import find_programs

_SCHEMA: Final = """
CREATE TABLE base_balances (
    sku text, node text, on_hand bigint NOT NULL, reserved bigint NOT NULL, PRIMARY KEY (sku, node),
    CHECK (reserved <= on_hand)
) WITH (fillfactor = 70);
CREATE TABLE base_orders (order_id uuid PRIMARY KEY, at timestamptz NOT NULL, body text NOT NULL);
CREATE TABLE base_lines (
    order_id uuid, line integer, sku text, node text, quantity bigint, PRIMARY KEY (order_id, line)
);
CREATE TABLE base_entries (
    sku text, node text, at timestamptz, seq bigint GENERATED ALWAYS AS IDENTITY, order_id uuid, delta bigint,
    PRIMARY KEY (sku, node, at, seq)
);
CREATE TABLE base_events (
    subject uuid, at timestamptz, seq bigint GENERATED ALWAYS AS IDENTITY, body text, PRIMARY KEY (subject, at, seq)
);
INSERT INTO base_balances
SELECT 'S' || lpad(s::text, 5, '0'), 'N' || lpad(n::text, 4, '0'), 1000000000, 0
FROM generate_series(0, {skus} - 1) AS s, generate_series(0, {nodes} - 1) AS n;
VACUUM ANALYZE base_balances;
"""

_SCRIPT: Final = """
\\set a random(0, {skus_last})
\\set b random(0, {skus_last})
\\set n random(0, {nodes_last})
WITH locked AS MATERIALIZED (
    SELECT sku, node FROM base_balances
    WHERE sku IN ('S' || lpad({a}::text, 5, '0'), 'S' || lpad({b}::text, 5, '0'))
        AND node = 'N' || lpad({n}::text, 4, '0') AND on_hand - reserved >= 1
    ORDER BY sku, node FOR UPDATE
), moved AS (
    UPDATE base_balances AS b SET reserved = b.reserved + 1 FROM locked AS l WHERE b.sku = l.sku AND b.node = l.node
), placed AS (
    INSERT INTO base_orders VALUES (gen_random_uuid(), now(), repeat('x', 400)) RETURNING order_id
), lined AS (
    INSERT INTO base_lines
    SELECT order_id, row_number() OVER (ORDER BY l.sku), l.sku, l.node, 1 FROM placed, locked AS l
), entered AS (
    INSERT INTO base_entries (sku, node, at, order_id, delta)
    SELECT l.sku, l.node, now(), order_id, 1 FROM placed, locked AS l
)
INSERT INTO base_events (subject, at, body) SELECT order_id, now(),
    repeat('x', 900) FROM placed;
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """Orders a second, and the mean latency in milliseconds."""

    rate: float
    latency_ms: float


class Yardstick:
    """pgbench with tables of its own in the database of a DSN."""

    def __init__(self, dsn: str, folder: Path, *, skus: int, nodes: int) -> None:
        self._folder = folder
        self._skus = skus
        self._nodes = nodes
        parts = urlsplit(dsn)
        query = parse_qs(parts.query)
        self._arguments = ["-h", query.get("host", [parts.hostname or ""])[0], "-U", parts.username or query["user"][0]]
        port = query.get("port", [str(parts.port)] if parts.port else [])
        self._arguments += ["-p", port[0]] if port else []
        self._database = parts.path.lstrip("/")

    def set_up(self) -> None:
        """Create and fill the tables."""
        self._run("psql", "-q", "-v", "ON_ERROR_STOP=1", text=_SCHEMA.format(skus=self._skus, nodes=self._nodes))

    def measure(self, *, clients: int, seconds: int, is_hot: bool) -> Reached:
        """What pgbench reaches with prepared statements and one connection a client."""
        script = self._folder / "order.pgbench"
        script.write_text(
            _SCRIPT.format(
                skus_last=self._skus - 1,
                nodes_last=self._nodes - 1,
                a="0" if is_hot else ":a",
                b="1" if is_hot else ":b",
                n="0" if is_hot else ":n",
            )
        )
        printed = self._run(
            "pgbench", "-n", "-M", "prepared", "-f", str(script),
            "-c", str(clients), "-j", str(min(2, clients)), "-T", str(seconds),
        )  # fmt: skip
        rate = re.search(r"tps = ([\d.]+)", printed)
        latency = re.search(r"latency average = ([\d.]+) ms", printed)
        if rate is None or latency is None:
            raise RuntimeError(f"pgbench said something else: {printed}")
        return Reached(float(rate[1]), float(latency[1]))

    def _run(self, program: str, *arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            [str(find_programs() / program), *self._arguments, *arguments, self._database],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}")
        return done.stdout
