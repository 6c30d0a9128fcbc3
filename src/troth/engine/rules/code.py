"""A checked expression as something that runs: its type, along what it differs, what it reads, and a closure."""

from collections.abc import Callable
from dataclasses import replace

from troth.engine.rules.fields import LANE, LINES_AXIS, NODE, NODES_AXIS, Field
from troth.engine.rules.ground import Ground
from troth.engine.rules.values import Kind, Value
from troth.model.value import dataclass

Run = Callable[[Ground], Value]


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """One piece of an expression, ready to run. `fixed` is there where its value is the same for every order."""

    kind: Kind
    axes: int
    reads: int
    run: Run
    fixed: Value | None = None
    is_plain: bool = False

    @property
    def is_by_line(self) -> bool:
        """Whether its values differ from line to line."""
        return bool(self.axes & LINES_AXIS)

    @property
    def is_by_node(self) -> bool:
        """Whether its values differ from node to node."""
        return bool(self.axes & NODES_AXIS)


def constant(kind: Kind, value: Value) -> Code:
    """Code that always says the same."""
    return Code(kind, 0, 0, lambda _ground: value, fixed=value, is_plain=True)


def read_field(field: Field) -> Code:
    """Code that reads a field."""
    path = field.path
    return Code(field.kind, field.axes, field.reads, lambda ground: ground.field(path), is_plain=True)


def combine(kind: Kind, run: Run, *parts: Code) -> Code:
    """Code made of parts, which `run` evaluates. Where all parts are fixed it is evaluated here and now."""
    axes = reads = 0
    for part in parts:
        axes |= part.axes
        reads |= part.reads
    code = Code(kind, axes, reads, run)
    if all(part.fixed is not None for part in parts):
        # Constants ask nothing of the ground.
        return constant(kind, run(None))  # type: ignore[arg-type]
    return code


def settle(code: Code) -> Code:
    """The same code, evaluated once for a network where it reads nothing else, once for a destination where it reads
    nothing but the way there; otherwise each time.
    """
    if code.is_plain or code.reads not in (NODE, LANE, NODE | LANE):
        return code
    token, run, has_lane = object(), code.run, bool(code.reads & LANE)
    return replace(code, run=lambda ground: ground.remember(token, run, has_lane=has_lane), is_plain=True)
