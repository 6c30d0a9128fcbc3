"""What a label is made of, wherever it is printed: texts, rules, bar codes and QR codes, at places in millimeters."""

from typing import Final

from troth.engine.shipping.code128 import QUIET_MODULES, encode_code128
from troth.model.value import dataclass

DOTS_PER_MM: Final = 8
"""Of a printer with 203 dots per inch."""
_DOTS_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text whose upper left corner is at a place: `size` is its height, and it is made narrower or smaller
    where it is wider than `width`. What `is_centered` stands in the middle of it, as what a bar code above says.
    """

    x: float
    y: float
    size: float
    width: float
    text: str
    is_centered: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the label."""

    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Bars:
    """A Code 128, in the middle of `width`; of a GS1 code the text begins with its application identifier."""

    x: float
    y: float
    width: float
    height: float
    text: str
    is_gs1: bool = False

    @property
    def dots(self) -> int:
        """As many dots of a printer is a module wide: as many as fit, and at most four (half a millimeter)."""
        modules = sum(self.widths) + 2 * QUIET_MODULES
        return max(1, min(_DOTS_MAX, int(self.width * DOTS_PER_MM // modules)))

    @property
    def widths(self) -> tuple[int, ...]:
        """Of bars and spaces in turn, in modules."""
        return encode_code128(self.text, is_gs1=self.is_gs1)

    @property
    def left(self) -> float:
        """Where the first bar is."""
        return self.x + (self.width - sum(self.widths) * self.dots / DOTS_PER_MM) / 2


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code in a square."""

    x: float
    y: float
    side: float
    text: str


Element = Text | Rule | Bars | Qr
