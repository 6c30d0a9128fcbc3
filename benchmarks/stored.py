"""What is kept with a decision so that it can be explained and replayed: how many bytes it is, and what recording costs
an order.
"""

import gc
import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.random_orders import NOW, POLICY, Order, make_network, make_orders
from benchmarks.report import Figure, figure
from troth.engine.promising.case import Case, kept_trace
from troth.store.codec import encode

_SIZES: Final = ((2, 20), (2, 1_000), (10, 2_000))
_ROUNDS: Final = 3
_PER_ROUND: Final = 200
_ASKED: Final = "0" * 64
"""Stands for the digest of the order's content, which is made when it is saved anyway."""


def measure_stored(random: np.random.Generator) -> list[Figure]:
    """For some sizes of orders and networks the bytes of the trace with its recording, as JSON text before the database
    compresses it, and the microseconds of processor time that recording and encoding take.
    """
    figures = []
    for lines, nodes in _SIZES:
        network = make_network(random, nodes)
        taken, sizes = [], []
        for _ in range(_ROUNDS):
            orders = list(make_orders(random, network, _PER_ROUND, lines=lines))
            microseconds, size = _record_all(orders)
            taken.append(microseconds)
            sizes.append(size)
        stem = f"stored.k{lines}_n{nodes}"
        figures += [figure(f"{stem}.bytes", "bytes", sizes), figure(f"{stem}.record_us", "us", taken)]
        print(f"  {lines} lines, {nodes:,} nodes: {figures[-2].value:,.0f} bytes, {figures[-1].value:.0f} us")
    return figures


def _record_all(orders: Sequence[Order]) -> tuple[float, float]:
    """The mean microseconds and the mean bytes of these orders' decisions."""
    cases = [Case(order.demand, order.supply, order.network, POLICY, NOW) for order in orders]
    traces = [case.plan().trace for case in cases]
    kept_trace(cases[0], traces[0], _ASKED)  # the network's digest is made once for all orders
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        texts = [encode(kept_trace(case, trace, _ASKED)) for case, trace in zip(cases, traces, strict=True)]
        taken = time.process_time() - start
    finally:
        gc.enable()
    return 1e6 * taken / len(orders), sum(len(text.encode()) for text in texts) / len(texts)
