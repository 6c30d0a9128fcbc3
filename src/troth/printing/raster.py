"""A line of text as a picture of dots, for printers that have no font for it."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from troth.model.value import dataclass
from troth.printing.fonts import Fonts


@dataclass(frozen=True, slots=True)
class Raster:
    """Rows of dots from top to bottom, eight in a byte, the leftmost in its highest bit; 1 is black."""

    rows: tuple[bytes, ...]
    row_bytes: int


def rasterize(text: str, fonts: Fonts, *, height: int, width_max: int) -> Raster:
    """A text in a picture so many dots high, and at most so wide: the letters get smaller where it is too long."""
    size = max(8, round(height * 0.75))
    runs = fonts.runs(text)
    while size > 8 and _width(runs, size) > width_max:
        size -= 1
    width = max(1, min(width_max, round(_width(runs, size)) + 1))
    image = Image.new("1", (width, height), 1)
    draw, x = ImageDraw.Draw(image), 0.0
    for path, piece in runs:
        font = _font(path, size)
        draw.text((x, height * 0.75), piece, font=font, fill=0, anchor="ls")
        x += font.getlength(piece)
    row_bytes = -(-width // 8)
    dots = image.point(lambda dot: 0 if dot else 255).tobytes()
    return Raster(tuple(dots[row * row_bytes : (row + 1) * row_bytes] for row in range(height)), row_bytes)


def _width(runs: list[tuple[Path, str]], size: int) -> float:
    return sum(_font(path, size).getlength(piece) for path, piece in runs)


def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
