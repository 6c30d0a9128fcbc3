"""How many random instances the dearest properties are tried on: so many that a run of all tests stays short."""

import os
from typing import Final

_TIMES: Final = float(os.environ.get("EXAMPLES", "1"))


def examples(count: int) -> int:
    """So many instances, times what EXAMPLES says: `make test EXAMPLES=10` looks ten times as long.

    Where the seed is drawn anew each run looks at others, so few a run are many in a week.
    """
    return max(1, round(count * _TIMES))
