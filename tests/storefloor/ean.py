"""An EAN-13 as a camera would see it: a film of one still picture."""

from itertools import chain
from pathlib import Path
from typing import Final

_LEFT: Final = (
    *("0001101", "0011001", "0010011", "0111101", "0100011"),
    *("0110001", "0101111", "0111011", "0110111", "0001011"),
)
_PARITY: Final = ("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL")
_WIDTH, _HEIGHT, _MODULE = 640, 480, 4


def modules(code: str) -> str:
    """The bars (1) and spaces (0) of an EAN-13: guards, six digits by the parity that the first one says, six mirrored.

    *Source:* GS1 General Specifications, section 5.2.
    """
    left = [_LEFT[int(digit)] for digit in code[1:7]]
    right = ["".join("10"[int(bit)] for bit in _LEFT[int(digit)]) for digit in code[7:]]
    mirrored = ["".join("10"[int(bit)] for bit in one)[::-1] for one in left]
    body = [mirrored[place] if kind == "G" else left[place] for place, kind in enumerate(_PARITY[int(code[0])])]
    return "".join(chain(("101",), body, ("01010",), right, ("101",)))


def film(code: str, path: Path) -> Path:
    """A Y4M file in which the code stays before the camera."""
    bars = modules(code)
    margin = (_WIDTH - len(bars) * _MODULE) // 2
    row = b"\xeb" * margin + b"".join((b"\x10" if bit == "1" else b"\xeb") * _MODULE for bit in bars)
    row += b"\xeb" * (_WIDTH - len(row))
    blank = b"\xeb" * _WIDTH
    luma = b"".join(row if 120 <= y < 360 else blank for y in range(_HEIGHT))
    frame = b"FRAME\n" + luma + b"\x80" * (_WIDTH * _HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 10)
    return path
