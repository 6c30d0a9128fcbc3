"""Arrays of PostgreSQL as it sends them: numpy reads the bytes, where a driver would make an object of each element."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_HEAD: Final = 20
"""Bytes before the elements of an array of one dimension: dimensions, flags, type, length and lower bound."""
_BIGINT: Final = np.dtype([("length", ">i4"), ("value", ">i8")])


def units_of(sent: Sequence[bytes]) -> NDArray[np.int64]:
    """The numbers of some `bigint[]` one after another, each without nulls and of one dimension, as `array_send` gives
    it.

    *Source:* PostgreSQL, `array_send` in src/backend/utils/adt/arrayfuncs.c.

    >>> head = (1).to_bytes(4) + (0).to_bytes(4) + (20).to_bytes(4) + (2).to_bytes(4) + (1).to_bytes(4)
    >>> sent = head + (8).to_bytes(4) + (7).to_bytes(8) + (8).to_bytes(4) + (300).to_bytes(8)
    >>> units_of([sent, sent]).tolist()
    [7, 300, 7, 300]
    """
    elements = np.frombuffer(b"".join([array[_HEAD:] for array in sent]), dtype=_BIGINT)
    return elements["value"].astype(np.int64)
