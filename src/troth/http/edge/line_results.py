"""What became of each line of a list, as it is answered."""

import msgspec

from troth.flows.stock.stock import LineResult
from troth.http.edge.problems import PROBLEMS, TYPE_BASE, ProblemError, Refused
from troth.http.edge.replies import Reply, json_reply
from troth.model.refusals import Busy, FieldFlaw, Invalid, KeyReused


class LineProblem(msgspec.Struct, frozen=True):
    """Why a line was refused; `pointer` of an error points into the whole body."""

    type: str
    title: str
    status: int
    code: str
    transient: bool
    errors: tuple[ProblemError, ...]


class LineResultAnswer(msgspec.Struct, frozen=True):
    """What became of one line, counted from 0; `findings` of a line that was done are worth a second look."""

    line: int
    ok: bool
    problem: LineProblem | None
    findings: tuple[ProblemError, ...] = ()


class LineResultsAnswer(msgspec.Struct, frozen=True):
    """What became of every line."""

    accepted: int
    refused: int
    results: tuple[LineResultAnswer, ...]


def line_results_reply(
    done: tuple[LineResult, ...] | Invalid | KeyReused, lines: str, *, shared: tuple[str, ...] = ()
) -> Reply:
    """The result of every line, or a problem where not one was accepted; `shared` are fields that all lines have."""
    if not isinstance(done, tuple):
        raise Refused(done)
    refused = [result for result in done if result.code]
    if len(refused) == len(done):
        flaws = dict.fromkeys(flaw for result in refused for flaw in _placed(result, lines, shared))
        raise Refused(Invalid(tuple(flaws)) if flaws else Busy(1))
    answers = tuple(line_answer(result, lines, shared) for result in done)
    return json_reply(LineResultsAnswer(len(done) - len(refused), len(refused), answers))


def line_answer(result: LineResult, lines: str, shared: tuple[str, ...]) -> LineResultAnswer:
    """What became of a line of the list at the pointer `lines`."""
    return LineResultAnswer(
        result.line,
        not result.code,
        line_problem(result, lines, shared) if result.code else None,
        tuple(ProblemError(f"{lines}/{result.line}{one.pointer}", one.detail) for one in result.findings),
    )


def line_problem(result: LineResult, lines: str, shared: tuple[str, ...]) -> LineProblem:
    """Why a line of the list at the pointer `lines` was refused."""
    status, title = PROBLEMS[result.code]
    errors = tuple(ProblemError(flaw.pointer, flaw.detail) for flaw in _placed(result, lines, shared))
    return LineProblem(TYPE_BASE + result.code, title, status, result.code, result.transient, errors)


def _placed(result: LineResult, lines: str, shared: tuple[str, ...]) -> list[FieldFlaw]:
    """The flaws of a line, pointing into the whole body."""
    return [
        flaw if flaw.pointer in shared else FieldFlaw(f"{lines}/{result.line}{flaw.pointer}", flaw.detail)
        for flaw in result.flaws
    ]
