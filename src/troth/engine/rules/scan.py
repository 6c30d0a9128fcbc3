"""A first look at the text of an expression, in one pass: what the parser could choke on is refused before it sees it.

The parser's patterns for strings try many readings of a string that never ends. Here a string has one reading, and a
text with another is refused. The looks of numbers, names and operators are left to the parser.
"""

from troth.engine.rules.syntax import CHARACTERS_MAX, DEPTH_MAX, At, Flaw

_OPENING = {"(": ")", "[": "]"}


def scan(text: str) -> None:
    """Returns where the text may be parsed; raises Flaw where it is empty, too long, nested too deeply, or holds a
    string that does not end, has several lines or is of bytes.
    """
    if len(text) > CHARACTERS_MAX:
        raise Flaw(f"the expression has {len(text):,} characters; it may have {CHARACTERS_MAX:,}", At())
    if not text.strip():
        raise Flaw("the expression is empty", At())
    open_at: list[tuple[str, int]] = []
    position, count = 0, len(text)
    while position < count:
        character = text[position]
        if character in "\"'":
            position = _skip_string(text, position)
            continue
        if text.startswith("//", position):
            end = text.find("\n", position)
            position = count if end < 0 else end
            continue
        if character in "{}":
            raise Flaw("maps and messages cannot be written in a rule", at_of(text, position))
        if character in _OPENING:
            open_at.append((character, position))
            if len(open_at) > DEPTH_MAX:
                raise Flaw(f"the expression is nested more than {DEPTH_MAX} deep", at_of(text, position))
        elif character in ")]":
            if not open_at or _OPENING[open_at.pop()[0]] != character:
                raise Flaw(f"this {character} closes nothing", at_of(text, position))
        elif not character.isascii():
            raise Flaw(f"{character!r} may only stand in a string", at_of(text, position))
        position += 1
    if open_at:
        raise Flaw(f"this {open_at[-1][0]} is never closed", at_of(text, open_at[-1][1]))


def at_of(text: str, position: int) -> At:
    """The line and column of a character.

    >>> at_of("a &&\\n b", 6)
    At(line=2, column=2)
    """
    before = text[:position]
    return At(before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


def _skip_string(text: str, start: int) -> int:
    """The position behind the string that begins here."""
    quote, at = text[start], at_of(text, start)
    if text.startswith(quote * 3, start):
        raise Flaw("a string of several lines cannot be written in a rule", at)
    prefix = _prefix(text, start)
    if "b" in prefix:
        raise Flaw("bytes cannot be written in a rule", at)
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == quote:
            return position + 1
        if character == "\n":
            break
        if character == "\\":
            if "r" in prefix and text.startswith(quote, position + 1):
                raise Flaw("a raw string cannot hold its own quote", at_of(text, position))
            position += 1
        position += 1
    raise Flaw("this string never ends", at)


def _prefix(text: str, start: int) -> str:
    """The letters that are grown together with the quote, if they can only be a prefix of the string."""
    begin = start
    while begin > 0 and (text[begin - 1].isalnum() or text[begin - 1] == "_"):
        begin -= 1
    letters = text[begin:start].lower()
    return letters if letters in ("r", "b", "br", "rb") else ""
