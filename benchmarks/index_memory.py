"""How much memory the stock index takes: `python -m benchmarks.index_memory SKUS NODES` prints bytes a balance.

It runs as a process of its own, since only what a process takes from the system says what a server would need.
"""

import gc
import os
import sys
from pathlib import Path

from troth.engine.carriage.network import compile_network
from troth.model.ids import NodeId, Sku
from troth.model.inventory import ON_HAND
from troth.model.network import Node, NodeType
from troth.store.shelf import SkuStock
from troth.store.stock_index import StockIndex


def measure(skus: int, nodes: int) -> float:
    """Bytes a balance of so many SKUs, each on hand at so many nodes."""
    names = [NodeId(f"N{number:04d}") for number in range(nodes)]
    network = compile_network([Node(name, NodeType.STORE, name, 40.0, -80.0) for name in names])
    index = StockIndex(network)
    index.put([Sku("warm")], [])
    gc.collect()
    before = _resident_bytes()
    for number in range(skus):
        sku = Sku(f"S{number:07d}")
        # Lists of their own, as a driver gives them; the index keeps none of them.
        on_hand = [number % 900 + position % 90 for position in range(nodes)]
        index.put([sku], [SkuStock(sku, list(names), [ON_HAND] * nodes, on_hand, [0] * nodes, [None] * nodes)])
    gc.collect()
    return (_resident_bytes() - before) / (skus * nodes)


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    print(measure(int(sys.argv[1]), int(sys.argv[2])))
