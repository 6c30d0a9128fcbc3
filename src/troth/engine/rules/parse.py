"""From the text of an expression to its syntax tree, through the grammar of a CEL library.

Only the library's parser is used, and loaded when the first expression is parsed: a program without rules never pays
for it. What CEL has and rules have not is refused here, by position.
"""

import sys
from functools import cache, lru_cache
from typing import Any, Final

from troth.engine.rules.scan import at_of, scan
from troth.engine.rules.strings import read_string
from troth.engine.rules.syntax import (
    DEPTH_MAX,
    INTEGER_MAX,
    PIECES_MAX,
    At,
    Binary,
    Call,
    Choice,
    Flaw,
    Index,
    ListOf,
    Literal,
    Logic,
    Name,
    Piece,
    Select,
    Unary,
)

_TREES_MAX: Final = 512
_WRAPPERS: Final = frozenset({"expr", "conditionalor", "conditionaland", "relation", "addition", "multiplication",
                              "unary", "member", "primary", "paren_expr"})  # fmt: skip
_LOGIC: Final = {"conditionalor": "||", "conditionaland": "&&"}
_OPERATORS: Final = {
    "relation_lt": "<", "relation_le": "<=", "relation_gt": ">", "relation_ge": ">=", "relation_eq": "==",
    "relation_ne": "!=", "relation_in": "in", "addition_add": "+", "addition_sub": "-", "multiplication_mul": "*",
    "multiplication_div": "/", "multiplication_mod": "%",
}  # fmt: skip


@lru_cache(maxsize=_TREES_MAX)
def parse(text: str) -> Piece:
    """The tree of an expression, remembered; raises Flaw with the position of the first thing that is wrong.

    >>> parse("node.pickup").name
    'pickup'
    """
    scan(text)
    grammar, failures = _parser()
    try:
        tree = grammar().parse(text)
    except failures as error:
        raise _flaw_of(error, text) from None
    return _Reader().read(tree, 0)


@cache
def _parser() -> tuple[Any, Any]:
    limit = sys.getrecursionlimit()
    try:
        from celpy.celparser import CELParseError, CELParser
    finally:
        sys.setrecursionlimit(limit)  # the library's interpreter raises it for the whole process
    return CELParser, CELParseError


def _flaw_of(error: Any, text: str) -> Flaw:
    line, column = error.line or 0, error.column or 0
    rows = text.split("\n")
    rest = rows[line - 1][column - 1 :] if 1 <= line <= len(rows) and column >= 1 else ""
    token = getattr(error.__context__, "token", None)
    if not rest.strip() or getattr(token, "type", "") == "$END":  # the parser wanted more
        return Flaw("the expression ends too early", at_of(text, len(text.rstrip())))
    return Flaw(f"{rest.split()[0][:20]!r} is not expected here", At(line, column))


class _Reader:
    """Turns a tree of the grammar into ours, counting its pieces."""

    def __init__(self) -> None:
        self._pieces = 0

    def read(self, tree: Any, depth: int) -> Piece:
        while tree.data in _WRAPPERS and len(tree.children) == 1:
            tree = tree.children[0]
        at = At(tree.meta.line, tree.meta.column)
        self._pieces += 1
        if self._pieces > PIECES_MAX:
            raise Flaw(f"the expression has more than {PIECES_MAX:,} pieces", at)
        if depth > DEPTH_MAX:
            raise Flaw(f"the expression is nested more than {DEPTH_MAX} deep", at)
        if tree.data in _LOGIC:
            return Logic(_LOGIC[tree.data], tuple(self.read(part, depth + 1) for part in _chain(tree)), at)
        return self._read_other(tree, at, depth)

    def _read_other(self, tree: Any, at: At, depth: int) -> Piece:
        children = tree.children
        match tree.data:
            case "expr":
                condition, yes, no = (self.read(child, depth + 1) for child in children)
                return Choice(condition, yes, no, at)
            case "relation" | "addition" | "multiplication":
                operator = children[0]
                left, right = self.read(operator.children[0], depth + 1), self.read(children[1], depth + 1)
                return Binary(_OPERATORS[operator.data], left, right, at)
            case "unary":
                sign = "!" if children[0].data == "unary_not" else "-"
                return Unary(sign, self.read(children[1], depth + 1), at)
            case "member_dot":
                return Select(self.read(children[0], depth + 1), str(children[1]), _at(children[1]))
            case "member_index":
                return Index(self.read(children[0], depth + 1), self.read(children[1], depth + 1), at)
            case "member_dot_arg":
                target = self.read(children[0], depth + 1)
                return Call(str(children[1]), target, self._arguments(children[2:], depth), _at(children[1]))
            case "ident_arg":
                return Call(str(children[0]), None, self._arguments(children[1:], depth), _at(children[0]))
            case "list_lit":
                return ListOf(self._arguments(children, depth), at)
            case "ident":
                return Name(str(children[0]), _at(children[0]))
            case "literal":
                return _read_literal(children[0])
            case _:
                raise Flaw("this part of CEL cannot be used in a rule", at)

    def _arguments(self, lists: list[Any], depth: int) -> tuple[Piece, ...]:
        return tuple(self.read(child, depth + 1) for part in lists for child in part.children)


def _chain(tree: Any) -> list[Any]:
    """The operands of a chain of one operator, in order, however long it is."""
    operator = tree.data
    parts: list[Any] = []
    while True:
        while tree.data in _WRAPPERS and len(tree.children) == 1 and tree.data != "paren_expr":
            tree = tree.children[0]
        if tree.data != operator:
            return [tree, *reversed(parts)]
        parts.append(tree.children[1])
        tree = tree.children[0]


def _at(token: Any) -> At:
    return At(token.line or 1, token.column or 1)


def _read_literal(token: Any) -> Literal:
    at, text = _at(token), str(token)
    match token.type:
        case "BOOL_LIT":
            return Literal(text == "true", at)
        case "STRING_LIT":
            return Literal(read_string(text, at), at)
        case "INT_LIT" | "UINT_LIT":
            value = int(text.rstrip("uU"), 0 if "x" in text.lower() else 10)
            if abs(value) > INTEGER_MAX:
                raise Flaw(f"a whole number may be at most {INTEGER_MAX:,}", at)
            return Literal(value, at)
        case "FLOAT_LIT":
            number = float(text)
            if number in (float("inf"), float("-inf")):
                raise Flaw("this number is too large", at)
            return Literal(number, at)
        case "NULL_LIT":
            raise Flaw("null cannot be used in a rule; has(…) tells whether a field is there", at)
        case _:
            raise Flaw("this kind of constant cannot be used in a rule", at)
