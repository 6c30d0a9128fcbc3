"""String constants of CEL: quotes, prefixes and escapes."""

import re
from typing import Final

from troth.engine.rules.syntax import At, Flaw

_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL
)
_SINGLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_string(text: str, at: At) -> str:
    """What a string constant says; raises Flaw where an escape means nothing.

    >>> read_string("'it\\\\'s'", At()), read_string('r"\\\\d+"', At())
    ("it's", '\\\\d+')
    """
    is_raw = text[0] in "rR"
    body = text[2:-1] if is_raw else text[1:-1]
    if is_raw or "\\" not in body:
        return body
    return _ESCAPE.sub(lambda found: _unescape(found, at), body)


def _unescape(found: re.Match[str], at: At) -> str:
    single, *codes, octal, other = found.groups()
    if single is not None:
        return _SINGLE.get(single, single)
    if octal is not None:
        return chr(int(octal, 8))
    code = next((int(digits, 16) for digits in codes if digits is not None), None)
    if code is None:
        raise Flaw(f"\\{other} means nothing in a string", at)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise Flaw(f"U+{code:X} is no character", at)
    return chr(code)
