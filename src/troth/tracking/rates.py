"""How often one address may ask: a bucket that fills again by itself, kept for so many addresses at most."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

ADDRESSES_MAX: Final = 10_000


class Rates:
    """Buckets of `burst` requests by address, each filled again by `per_second`."""

    def __init__(self, burst: float, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst, self._per_second, self._clock = burst, per_second, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> bool:
        """Whether an address may ask once more now; if so, it has.

        >>> rates = Rates(2, 1, clock=iter([0.0, 0.0, 0.0, 1.0]).__next__)
        >>> [rates.take("a") for _ in range(4)]
        [True, True, False, True]
        """
        now = self._clock()
        left, since = self._buckets.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        is_free = left >= 1.0
        self._buckets[address] = (left - 1.0 if is_free else left, now)
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        return is_free
