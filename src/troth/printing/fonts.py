"""Fonts that papers are printed with, so that a name stands there in whatever script it is written.

The first font that has a character is the one that prints it: those of the folders that the settings name, then those
that come along with Noto (SIL Open Font License). A character that none has is printed as an empty box.
"""

import logging
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Final

from troth.model.value import dataclass

_PACKAGES: Final = ("manimgx_fonts", "noto_cjk_sans_jp_regular")
_BASE: Final = "NotoSans[wght].ttf"
_LAST: Final = ("CJK", "Emoji")
_SUFFIXES: Final = frozenset({".ttf", ".otf"})
_ANYWHERE: Final = frozenset(range(0x21))

logging.getLogger("fontTools").setLevel(logging.WARNING)  # what it leaves out of a font is no news


@dataclass(frozen=True, slots=True)
class Fonts:
    """Font files in the order in which they are asked for a character; the first is that of all that is not."""

    paths: tuple[Path, ...]

    def runs(self, text: str) -> list[tuple[Path, str]]:
        """The text in pieces that one font prints each; marks and spaces stay with what they follow."""
        chosen: list[Path] = []
        for one in text:
            before = chosen[-1] if chosen else None
            if before is not None and (ord(one) in _ANYWHERE or ord(one) in characters_of(before)):
                chosen.append(before)
            else:
                chosen.append(self.font_of(one))
        places = groupby(enumerate(chosen), key=lambda pair: pair[1])
        return [(path, "".join(text[at] for at, _ in group)) for path, group in places]

    def font_of(self, character: str) -> Path:
        """The first font that has a character; the first of all where none has."""
        return next((path for path in self.paths if ord(character) in characters_of(path)), self.paths[0])

    def needed(self, texts: Iterable[str]) -> tuple[Path, ...]:
        """The fonts that some texts need beside the first."""
        wanted = {self.font_of(one) for one in {one for text in texts for one in text}}
        return tuple(path for path in self.paths[1:] if path in wanted)


@lru_cache(maxsize=8)
def find_fonts(folders: tuple[Path, ...] = ()) -> Fonts:
    """The fonts of some folders, and those that come along. RuntimeError where there is none at all."""
    own = [path for folder in folders for path in _files(folder)]
    along = [path for package in _PACKAGES for folder in _folders(package) for path in _files(folder)]
    along.sort(key=lambda path: (path.name != _BASE, any(word in path.name for word in _LAST), path.name))
    paths = (*own, *(path for path in along if "Italic" not in path.name))
    if not paths:
        raise RuntimeError(f"there are no fonts to print with; {' and '.join(_PACKAGES)} bring them along")
    return Fonts(paths)


@lru_cache(maxsize=256)
def characters_of(path: Path) -> frozenset[int]:
    """The code points that a font has."""
    from fontTools.ttLib import TTFont  # loaded only where something is printed

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def _folders(package: str) -> Sequence[Path]:
    spec = find_spec(package)
    return [] if spec is None else [Path(folder) for folder in spec.submodule_search_locations or ()]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
