"""What is put into which package, as a document goes through them."""

from collections.abc import Iterable
from dataclasses import replace

from troth.adapters.edi.maps.said import SaidLine, SaidPackage


class Packed:
    """Packages by their name, each with what is said to be in it.

    Lines that are said of several packages at once are in none that can be named: of those packages it is not known
    what they hold.
    """

    def __init__(self) -> None:
        self._packages: dict[str, SaidPackage] = {}
        self._outside: list[SaidLine] = []

    @property
    def packages(self) -> tuple[SaidPackage, ...]:
        """The packages, in the order in which they were said."""
        if len(self._packages) == 1:
            only = next(iter(self._packages.values()))
            lines = (*(only.lines or ()), *self._sent())
            return (replace(only, lines=lines or only.lines),)
        return tuple(self._packages.values())

    @property
    def outside(self) -> tuple[SaidLine, ...]:
        """The lines that are said of no package, and those of which nothing left."""
        if len(self._packages) == 1:
            return tuple(line for line in self._outside if line.quantity == 0)
        return tuple(self._outside)

    def leave_out(self, lines: Iterable[SaidLine]) -> None:
        """Note lines that are in no package."""
        self._outside += lines

    def add(self, packages: tuple[SaidPackage, ...], lines: tuple[SaidLine, ...]) -> None:
        """Put lines into the one package that they are said of, or into none that can be named; without any line no
        package left.
        """
        if not lines:
            return
        for package in packages:
            self._packages.setdefault(package.package_id, replace(package, lines=()))
        first = self._packages[packages[0].package_id]
        if len(packages) == 1 and first.lines is not None:
            self._packages[first.package_id] = replace(first, lines=(*first.lines, *lines))
            return
        self._outside += lines
        for package in packages:
            self._packages[package.package_id] = replace(self._packages[package.package_id], lines=None)

    def say_all(self, package: SaidPackage) -> None:
        """Note a package of which nothing is said but that it left."""
        self._packages[package.package_id] = replace(package, lines=None)

    def _sent(self) -> tuple[SaidLine, ...]:
        return tuple(line for line in self._outside if line.quantity != 0)
