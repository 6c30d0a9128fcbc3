"""Which version of something a client replaces, as they last saw it."""

from typing import Final

from troth.model.refusals import VersionConflict
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Expected:
    """What a client says about the version it replaces: one of these, any, or none at all because it creates."""

    versions: frozenset[int] = frozenset()
    is_any: bool = False
    is_none: bool = False

    def refuse(self, found: int | None) -> VersionConflict | None:
        """The refusal where the version found (None: there is nothing) is not what the client replaces."""
        if self.is_none:
            return None if found is None else VersionConflict("nothing", _tag(found))
        if self.is_any or self.versions:
            if found is not None and (self.is_any or found in self.versions):
                return None
            wanted = "any" if self.is_any else ", ".join(_tag(version) for version in sorted(self.versions))
            return VersionConflict(wanted, "nothing" if found is None else _tag(found))
        return None


ANYTHING: Final = Expected()
"""The client says nothing about what it replaces."""


def _tag(version: int) -> str:
    return f'"{version}"'
