"""From a syntax tree to code: names are looked up, types checked, and each piece becomes a closure over arrays."""

from collections.abc import Callable
from typing import Final, assert_never

from troth.engine.rules import functions, lists, moments, operators
from troth.engine.rules.code import Code, combine, constant, read_field, settle
from troth.engine.rules.fields import (
    ALERT_FIELDS,
    EVERYTHING,
    FIELDS,
    ITEM,
    LANE,
    LINE,
    LINES_AXIS,
    MOMENT,
    NODE,
    ORDER,
    RETURN,
    RETURN_FIELDS,
    SCOPES,
    STOCK,
    Field,
    find_field,
    suggest,
)
from troth.engine.rules.ground import Ground
from troth.engine.rules.macros import Macros, require
from troth.engine.rules.syntax import (
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
    start_of,
)
from troth.engine.rules.values import NUMERIC, UNKNOWN, Kind, Value, map_text

_WHAT: Final = {
    ORDER: "the order", LINE: "its lines", ITEM: "items", NODE: "nodes", LANE: "lanes", STOCK: "stock",
    RETURN: "the return",
}  # fmt: skip
_TIMES: Final = (Kind.TIMESTAMP, Kind.DURATION)
_TIME_KINDS: Final = {
    (Kind.TIMESTAMP, "-", Kind.TIMESTAMP): Kind.DURATION,
    (Kind.TIMESTAMP, "+", Kind.DURATION): Kind.TIMESTAMP,
    (Kind.TIMESTAMP, "-", Kind.DURATION): Kind.TIMESTAMP,
    (Kind.DURATION, "+", Kind.TIMESTAMP): Kind.TIMESTAMP,
    (Kind.DURATION, "+", Kind.DURATION): Kind.DURATION,
    (Kind.DURATION, "-", Kind.DURATION): Kind.DURATION,
}
"""What arithmetic of times gives."""
_LISTS: Final = frozenset({Kind.STRINGS, Kind.MAP, Kind.LINES, Kind.LINE})


class Lowering:
    """Makes code of one expression that may read the scopes given (`reads`)."""

    def __init__(self, reads: int = EVERYTHING) -> None:
        self._reads = reads
        self._macros = Macros(self.lower, self.find_field)

    def lower(self, piece: Piece) -> Code:
        """The code of a piece; raises Flaw with the position of what does not fit."""
        match piece:
            case Literal():
                return _literal(piece)
            case Name() if piece.name in self._macros.bound:
                return self._macros.bound[piece.name]
            case Name():
                raise Flaw(f"{piece.name} by itself is no value{self._hint(piece.name)}", piece.at)
            case Select():
                return self._select(piece)
            case Index():
                return self._index(piece)
            case ListOf():
                raise Flaw("a list can only stand behind `in`, in size(…) or before a macro", piece.at)
            case Call():
                return self._call(piece)
            case Unary():
                return self._unary(piece)
            case Binary():
                return self._binary(piece)
            case Logic():
                return self._logic(piece)
            case Choice():
                return self._choice(piece)
            case _:
                assert_never(piece)

    def _hint(self, name: str) -> str:
        if name in SCOPES:
            fields = (path for path in (*FIELDS, *RETURN_FIELDS, *ALERT_FIELDS) if path.startswith(f"{name}."))
            return f"; name one of its fields, as {next(fields)}"
        return suggest(name)

    def find_field(self, piece: Select) -> Field | None:
        """The field that this names; None where it is an entry of a map."""
        operand = piece.operand
        if isinstance(operand, Select):
            if isinstance(operand.operand, Name) and self._lookup(operand).kind is Kind.MAP:
                return None
            raise Flaw(f"there is no field {_dotted(piece)}", piece.at)
        if not isinstance(operand, Name):
            raise Flaw("only order, customer, line, item, node, lane and stock have fields", piece.at)
        return self._lookup(piece)

    def _lookup(self, piece: Select) -> Field:
        if not isinstance(piece.operand, Name):
            raise Flaw(f"there is no field {_dotted(piece)}", piece.at)
        scope, name = piece.operand.name, piece.name
        macros = self._macros
        if scope in macros.bound:
            raise Flaw(f"{scope} is {macros.bound[scope].kind}, and has no fields", start_of(piece.operand))
        if macros.line and scope == macros.line:
            field = FIELDS.get(f"line.{name}") or FIELDS.get(f"item.{name}")
            if field is None:
                raise Flaw(f"a line has no field {name}{suggest(f'item.{name}')}", piece.at)
            return field
        path = f"{scope}.{name}"
        field = find_field(path, self._reads)
        if field is None:
            known = "" if scope in SCOPES else f" (there is no {scope})"
            raise Flaw(f"there is no field {path}{known}{suggest(path)}", piece.at)
        if not field.scope & self._reads or (MOMENT & field.reads & ~self._reads):
            allowed = ", ".join(what for scope_bit, what in _WHAT.items() if scope_bit & self._reads)
            raise Flaw(f"{path} cannot be used here, where only {allowed} can", start_of(piece.operand))
        if macros.variable and field.axes & LINES_AXIS:
            if not macros.line:
                raise Flaw(f"within a macro over a list, {path} cannot be used", start_of(piece.operand))
            raise Flaw(
                f"within a macro over lines, write {macros.line}.{name} instead of {path}", start_of(piece.operand)
            )
        return field

    def _select(self, piece: Select) -> Code:
        field = self.find_field(piece)
        if field is None:
            assert isinstance(piece.operand, Select)
            return _entry(self._lookup(piece.operand), piece.name)
        return read_field(field)

    def _index(self, piece: Index) -> Code:
        if not isinstance(piece.operand, Select):
            raise Flaw("only attributes have entries", piece.at)
        field = self.find_field(piece.operand)
        if field is None or field.kind is not Kind.MAP:
            raise Flaw(f"{_dotted(piece.operand)} has no entries", piece.at)
        if not isinstance(piece.key, Literal) or not isinstance(piece.key.value, str):
            raise Flaw("the name of an attribute must be written out as a string", start_of(piece.key))
        return _entry(field, piece.key.value)

    def _unary(self, piece: Unary) -> Code:
        operand = settle(self.lower(piece.operand))
        run = operand.run
        if piece.operator == "!":
            require(operand, (Kind.BOOL,), start_of(piece.operand), "!")
            return combine(Kind.BOOL, lambda ground: operators.not_of(run(ground)), operand)
        require(operand, (Kind.INT, Kind.DOUBLE), start_of(piece.operand), "-")
        return combine(operand.kind, lambda ground: operators.minus(run(ground)), operand)

    def _binary(self, piece: Binary) -> Code:
        if piece.operator == "in":
            return self._membership(piece)
        left, right = settle(self.lower(piece.left)), settle(self.lower(piece.right))
        kind, operation = find_operation(piece, left.kind, right.kind)
        first, second = left.run, right.run
        return combine(kind, lambda ground: operation(first(ground), second(ground)), left, right)

    def _membership(self, piece: Binary) -> Code:
        left = settle(self.lower(piece.left))
        if isinstance(piece.right, ListOf):
            items = [self.lower(item) for item in piece.right.items]
            for item, source in zip(items, piece.right.items, strict=True):
                find_operation(Binary("==", piece.left, source, start_of(source)), left.kind, item.kind)
            return functions.is_in(left, items)
        if isinstance(piece.right, Call) and piece.right.function in lists.LIST_MACROS:
            return self._macros.is_in(piece, left, find_operation)
        require(left, (Kind.STRING,), start_of(piece.left), "in")
        if not isinstance(piece.right, Select) or (field := self.find_field(piece.right)) is None:
            raise Flaw("`in` wants a list, attributes, services or capabilities on its right", start_of(piece.right))
        if field.kind is Kind.MAP:
            if not isinstance(piece.left, Literal) or not isinstance(piece.left.value, str):
                raise Flaw("the name of an attribute must be written out as a string", start_of(piece.left))
            return functions.is_there(_entry(field, piece.left.value))
        if field.kind is Kind.STRINGS:
            return functions.is_element(left, read_field(field))
        raise Flaw(f"{_dotted(piece.right)} is no list", start_of(piece.right))

    def _logic(self, piece: Logic) -> Code:
        parts = [settle(self.lower(part)) for part in piece.parts]
        for part, source in zip(parts, piece.parts, strict=True):
            require(part, (Kind.BOOL,), start_of(source), piece.operator)
        return functions.join(parts, is_all=piece.operator == "&&")

    def _choice(self, piece: Choice) -> Code:
        condition = settle(self.lower(piece.condition))
        require(condition, (Kind.BOOL,), start_of(piece.condition), "?")
        yes, no = settle(self.lower(piece.yes)), settle(self.lower(piece.no))
        if yes.kind is no.kind:
            kind = yes.kind
        elif yes.kind in NUMERIC and no.kind in NUMERIC:
            kind = Kind.DOUBLE
        else:
            raise Flaw(f"one branch is {yes.kind}, the other {no.kind}", start_of(piece.no))
        if kind in _LISTS:
            raise Flaw(f"a {kind} cannot be chosen", start_of(piece.yes))
        return functions.branch(kind, condition, yes, no)

    def _call(self, piece: Call) -> Code:
        name, arguments = piece.function, piece.arguments
        if piece.target is not None and name in lists.MACROS:
            return self._macros.ask(piece)
        if piece.target is not None and name in lists.LIST_MACROS:
            raise Flaw(f"a list that {name} makes can only stand behind `in`, in size(…) or before a macro", piece.at)
        if piece.target is None and name == "has":
            return self._has(piece)
        if name == "size" and len(arguments) + (piece.target is not None) == 1:
            return self._size(arguments[0] if piece.target is None else piece.target)
        if piece.target is not None and (name in functions.TESTS or name == "matches") and len(arguments) == 1:
            target, argument = settle(self.lower(piece.target)), settle(self.lower(arguments[0]))
            require(target, (Kind.STRING,), start_of(piece.target), f".{name}")
            require(argument, (Kind.STRING,), start_of(arguments[0]), f".{name}")
            if name == "matches":
                return functions.matching(target, argument, start_of(arguments[0]))
            return functions.test_text(functions.TESTS[name], target, argument)
        if piece.target is not None and name in functions.CASES and not arguments:
            target = settle(self.lower(piece.target))
            require(target, (Kind.STRING,), start_of(piece.target), f".{name}")
            return functions.change_case(name, target)
        if piece.target is not None and name in moments.PARTS and len(arguments) <= 1:
            return self._part(piece, piece.target)
        if piece.target is None and name in moments.READERS and len(arguments) == 1:
            argument = settle(self.lower(arguments[0]))
            require(argument, (Kind.STRING, moments.READERS[name][0]), start_of(arguments[0]), name)
            return moments.reading(name, argument)
        if piece.target is None and name == "string" and len(arguments) == 1:
            argument = settle(self.lower(arguments[0]))
            require(argument, (Kind.STRING, Kind.INT, Kind.BOOL), start_of(arguments[0]), name)
            return functions.as_string(argument)
        if piece.target is None and name in functions.CONVERSIONS and len(arguments) == 1:
            argument = settle(self.lower(arguments[0]))
            require(argument, (Kind.INT, Kind.DOUBLE, Kind.STRING), start_of(arguments[0]), name)
            return functions.convert(argument, is_whole=name == "int")
        raise Flaw(functions.explain_unknown(name, has_target=piece.target is not None), piece.at)

    def _part(self, piece: Call, target: Piece) -> Code:
        moment = settle(self.lower(target))
        require(moment, (Kind.TIMESTAMP,), start_of(target), f".{piece.function}")
        if not piece.arguments:
            return moments.part_of(piece.function, moment, None)
        zone = settle(self.lower(piece.arguments[0]))
        require(zone, (Kind.STRING,), start_of(piece.arguments[0]), f".{piece.function}")
        if zone.fixed is not None and not moments.is_zone(zone.fixed.data):
            raise Flaw(f"there is no time zone {zone.fixed.data}", start_of(piece.arguments[0]))
        return moments.part_of(piece.function, moment, zone)

    def _has(self, piece: Call) -> Code:
        target = piece.arguments[0] if len(piece.arguments) == 1 else None
        if isinstance(target, Index):
            raise Flaw('has(…) wants a field; for an attribute write "name" in node.attributes', piece.at)
        if not isinstance(target, Select):
            raise Flaw("has(…) wants a field, as has(node.capacity_per_day)", piece.at)
        return functions.is_there(self._select(target))

    def _size(self, piece: Piece) -> Code:
        if isinstance(piece, Call) and piece.function in lists.LIST_MACROS:
            return self._macros.size(piece)
        if isinstance(piece, ListOf):
            for item in piece.items:
                self.lower(item)
            return constant(Kind.INT, Value(len(piece.items)))
        code = self.lower(piece)
        require(code, (Kind.STRING, Kind.LINES, Kind.STRINGS), start_of(piece), "size")
        if code.kind is Kind.LINES:
            return Code(Kind.INT, 0, code.reads, code.run, is_plain=True)
        run: Callable[[Ground], Value] = code.run

        def measure(ground: Ground) -> Value:
            value = run(ground)
            return Value(map_text(value, len), value.known)

        return combine(Kind.INT, measure, code)


def _literal(piece: Literal) -> Code:
    match piece.value:
        case bool():
            return constant(Kind.BOOL, Value(piece.value))
        case int():
            return constant(Kind.INT, Value(piece.value))
        case float():
            return constant(Kind.DOUBLE, Value(piece.value))
        case str():
            return constant(Kind.STRING, Value(piece.value))
        case _:
            return constant(Kind.BOOL, UNKNOWN)


def _entry(field: Field, key: str) -> Code:
    path = field.path
    return Code(Kind.STRING, field.axes, field.reads, lambda ground: ground.field(path, key), is_plain=True)


def _dotted(piece: Piece) -> str:
    if isinstance(piece, Select):
        return f"{_dotted(piece.operand)}.{piece.name}"
    return piece.name if isinstance(piece, Name) else "…"


def find_operation(piece: Binary, left: Kind, right: Kind) -> tuple[Kind, operators.Operation]:
    """The type of a comparison or of arithmetic, and what computes it."""
    sign = piece.operator
    are_numbers = left in NUMERIC and right in NUMERIC
    are_texts = left is Kind.STRING and right is Kind.STRING
    if sign in ("==", "!="):
        operation = operators.equal_words if are_texts else operators.equal_numbers
        if are_texts or are_numbers or (left is right and left in (Kind.BOOL, *_TIMES)):
            return Kind.BOOL, operation if sign == "==" else operators.opposite(operation)
    elif sign in operators.ORDERINGS:
        if are_numbers or are_texts or (left is right and left in _TIMES):
            return Kind.BOOL, operators.order_words(sign) if are_texts else operators.order_numbers(sign)
    elif (left, sign, right) in _TIME_KINDS:
        return _TIME_KINDS[left, sign, right], operators.arithmetic(sign, is_whole=False)
    elif are_texts and sign == "+":
        return Kind.STRING, functions.concatenate
    elif are_numbers:
        kind = operators.kind_of_numbers(left, right)
        if sign != "%" or kind is Kind.INT:
            return kind, operators.arithmetic(sign, is_whole=kind is Kind.INT)
    raise Flaw(f"{left} {sign} {right} means nothing", piece.at)
