"""What a demand asks of the engine, made ready to be solved, with what is known of what cannot be covered."""

from collections.abc import Mapping
from dataclasses import field

from troth.engine.demand.lacking import Lack
from troth.engine.demand.problem import Problem
from troth.model.plan import DemandLine
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A demand made ready to be solved: the problem of what can be covered, and per asked line how much that is
    (aligned with `asked`).

    The problem is None where nothing can be covered; `refusal` is then the reason for all lines, and `detail` the same
    in words. `removed` counts nodes by reason; `lacks` are why lines are short that some node has; `has_more` says that
    there is dated supply that was not looked at, `is_extended` that some was because what is on hand falls short, and
    `has_swifter` that lots were left out which last for quicker services only. `reasons` are those of single lines
    (positions in `asked`): a code and a sentence. `notes` are what is worth knowing about the way there.
    """

    asked: tuple[DemandLine, ...]
    coverable: tuple[int, ...]
    problem: Problem | None
    refusal: str
    removed: Mapping[str, int]
    is_located: bool = True
    has_more: bool = False
    reasons: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    has_swifter: bool = False
    is_extended: bool = False
    detail: str = ""
    notes: tuple[str, ...] = ()
    lacks: Mapping[int, Lack] = field(default_factory=dict)
