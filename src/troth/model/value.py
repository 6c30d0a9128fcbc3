"""Values: dataclasses that nobody changes, as the type checker sees to for all of the code.

At run time nothing looks again. A frozen dataclass sets each field by a call of its own, which takes eight times as
long, and an order is made of some sixty values: that would be a sixth of its time.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    from dataclasses import dataclass as _dataclass

    def dataclass(*, frozen: bool = False, eq: bool = True, **options: Any) -> Any:
        """As `dataclasses.dataclass`; what is frozen can be a key where it has values to be compared by."""
        return _dataclass(eq=eq, unsafe_hash=frozen and eq, **options)
