"""The two operations of what is set as a whole: put it, and read it with how far it has come."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from troth.http.edge.body import Body, NoQuery
from troth.http.edge.operations import NO_BODY, AnyOperation, Call, Operation, Plain, Shown
from troth.http.edge.problems import No
from troth.http.edge.replies import Reply
from troth.model.refusals import Busy, FieldFlaw, Invalid, NotFound

B = TypeVar("B")


def put_and_read(
    *,
    path: str,
    missing: NotFound,
    put: Callable[[Call[B, NoQuery]], Awaitable[Reply]],
    read: Callable[[Plain], Awaitable[Reply]],
    summaries: tuple[str, str],
    body: Body[B],
    answer: Any,
    example: object,
    flaw: FieldFlaw,
) -> tuple[AnyOperation, AnyOperation]:
    """Both, of what `missing` names; `path` ends in its id, `summaries` are of putting and of reading it, `flaw` is an
    example of what is wrong with one.
    """
    what = missing.what
    name, id_name = what.replace(" ", "_"), path.rpartition("{")[2].rstrip("}")
    examples, refusals = ((id_name, missing.id),), (Invalid((flaw,)), Busy(1))
    written: Operation[B, NoQuery] = Operation(
        method="PUT",
        path=path,
        name=f"put_{name}",
        summary=summaries[0],
        tag="inventory",
        run=put,
        shown=tuple(
            Shown(status, f"The {what}, {how}", answer, example) for status, how in ((200, "replaced"), (201, "new"))
        ),
        body=body,
        query=NoQuery,
        scope="inventory:write",
        refusals=refusals,
        has_if_match=True,
        path_examples=examples,
    )
    no: tuple[No, ...] = (missing,)
    shown = Operation(
        method="GET",
        path=path,
        name=f"get_{name}",
        summary=summaries[1],
        tag="inventory",
        run=read,
        shown=(Shown(200, f"The {what}; its version is the ETag", answer, example),),
        body=NO_BODY,
        query=NoQuery,
        scope="inventory:read",
        refusals=no,
        path_examples=examples,
    )
    return written, shown
