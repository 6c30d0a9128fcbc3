"""The macros of CEL over lists: their variables, and what they go through."""

from collections.abc import Callable
from typing import Final, assert_never

from troth.engine.rules import functions, lists
from troth.engine.rules.code import Code, combine, read_field, settle
from troth.engine.rules.fields import LINES_AXIS, SCOPES, Field
from troth.engine.rules.operators import Operation
from troth.engine.rules.syntax import At, Binary, Call, Flaw, ListOf, Name, Piece, Select, start_of
from troth.engine.rules.values import Kind

EXPANDED_MAX: Final = 1_000
"""So many items may all macros of an expression go through that are known when it is compiled."""

FindOperation = Callable[[Binary, Kind, Kind], tuple[Kind, Operation]]


class Macros:
    """Makes code of macros. `bound` are the variables that stand for elements of lists, `line` is the one that stands
    for an order line, and `variable` the one for which lines of arrays are taken (empty: there is none).
    """

    def __init__(self, lower: Callable[[Piece], Code], find_field: Callable[[Select], Field | None]) -> None:
        self._lower = lower
        self._find_field = find_field
        self._expanded = 0
        self.variable = ""
        self.line = ""
        self.bound: dict[str, Code] = {}

    def ask(self, piece: Call) -> Code:
        """A macro that is a condition."""
        assert piece.target is not None
        if len(piece.arguments) != 2:
            raise Flaw(f"write order.lines.{piece.function}(line, condition)", piece.at)
        name, base = piece.function, self._list(piece.target)
        match base:
            case lists.Lines():
                return lists.ask(name, base, self._condition(piece, base.element))
            case lists.Written():
                asked = [(self._condition(piece, item), sparing) for item, sparing in base.items]
                return lists.ask_each(name, asked)
            case lists.Texts():
                return lists.ask_texts(name, base, self._condition(piece, lists.bind_texts(base)))
            case _:
                assert_never(base)

    def _list(self, piece: Piece) -> lists.Items:
        """The list that a macro, `size` or `in` goes through."""
        if isinstance(piece, ListOf):
            return lists.Written(tuple([(settle(self._lower(item)), ()) for item in piece.items]))
        if isinstance(piece, Call) and piece.target is not None and piece.function in lists.LIST_MACROS:
            return self._made_list(piece, self._list(piece.target))
        field = self._find_field(piece) if isinstance(piece, Select) else None
        if field is not None and field.kind is Kind.LINES:
            return lists.Lines()
        if field is not None and field.kind is Kind.STRINGS:
            return lists.Texts(read_field(field))
        raise Flaw("a macro goes through order.lines, a list that is written out, or services and the like", piece.at)

    def _made_list(self, piece: Call, base: lists.Items) -> lists.Items:
        """What `filter(x, condition)`, `map(x, value)` or `map(x, condition, value)` makes of a list."""
        is_map, count = piece.function == "map", len(piece.arguments)
        if count not in ((2, 3) if is_map else (2,)):
            raise Flaw(f"write {piece.function}(each, {'value' if is_map else 'condition'})", piece.at)
        if isinstance(base, lists.Texts):
            raise Flaw(f"{piece.function} is for order.lines and lists that are written out", piece.at)
        has_condition = not is_map or count == 3
        if isinstance(base, lists.Lines):
            more = (self._condition(piece, base.element),) if has_condition else ()
            element = self._bind(piece, base.element, piece.arguments[-1]) if is_map else base.element
            return lists.Lines((*base.conditions, *more), element)
        return lists.Written(
            tuple(
                (
                    self._bind(piece, item, piece.arguments[-1]) if is_map else item,
                    (*sparing, self._condition(piece, item)) if has_condition else sparing,
                )
                for item, sparing in base.items
            )
        )

    def _condition(self, piece: Call, element: Code | None) -> Code:
        """The condition of a macro, which stands behind its variable."""
        found = self._bind(piece, element, piece.arguments[1])
        require(found, (Kind.BOOL,), start_of(piece.arguments[1]), piece.function)
        return found

    def _bind(self, piece: Call, element: Code | None, argument: Piece) -> Code:
        """An argument of a macro, with its variable standing for an order line, or for an element of a list."""
        variable = piece.arguments[0]
        if not isinstance(variable, Name):
            raise Flaw(f"write {piece.function}(each, condition): the first is a name", start_of(variable))
        name = variable.name
        is_axis = element is None or bool(element.axes & LINES_AXIS)
        if (is_axis and self.variable) or name in SCOPES or name in self.bound or name == self.line:
            nested = is_axis and self.variable
            what = "a macro cannot stand within another" if nested else f"{name} is taken; use another name"
            raise Flaw(what, start_of(variable))
        self._expanded += 1
        if self._expanded > EXPANDED_MAX:
            raise Flaw(f"macros go through more than {EXPANDED_MAX:,} items in all", piece.at)
        before = (self.variable, self.line)
        if is_axis:
            self.variable, self.line = name, name if element is None else ""
        if element is not None:
            self.bound[name] = element
        try:
            return settle(self._lower(argument))
        finally:
            self.variable, self.line = before
            self.bound.pop(name, None)

    def is_in(self, piece: Binary, left: Code, find_operation: FindOperation) -> Code:
        """Whether a value is in a list that `map` or `filter` made."""
        base = self._list(piece.right)

        def equal(right: Code) -> Code:
            sides = Binary("==", piece.left, piece.right, piece.at)
            kind, operation = find_operation(sides, left.kind, right.kind)
            first, second = left.run, right.run
            return combine(kind, lambda ground: operation(first(ground), second(ground)), left, right)

        source = start_of(piece.right)
        if isinstance(base, lists.Written):
            return lists.ask_each("exists", [(equal(item), sparing) for item, sparing in base.items])
        if not isinstance(base, lists.Lines) or base.element is None:
            raise Flaw("`in` wants values: map lines to one, as order.lines.map(each, each.sku)", source)
        if left.axes & LINES_AXIS:
            raise Flaw("what is looked for in a list made of lines may not differ from line to line", piece.at)
        return lists.ask("exists", base, equal(base.element))

    def size(self, piece: Call) -> Code:
        """How long a list is that `map` or `filter` made."""
        base, at = self._list(piece), piece.at
        if isinstance(base, lists.Lines):
            return lists.size_of(base)
        if isinstance(base, lists.Written):
            return lists.count_of([functions.join(sparing, is_all=True) for _item, sparing in base.items])
        raise Flaw("size wants a list", at)


def require(code: Code, kinds: tuple[Kind, ...], at: At, what: str) -> None:
    """Raises Flaw where code is of none of these types."""
    if code.kind not in kinds:
        raise Flaw(f"{what} wants {' or '.join(kinds)} here, and this is {code.kind}", at)
