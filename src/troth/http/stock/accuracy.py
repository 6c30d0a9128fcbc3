"""How often stock is really found, by node and category, and what that was learned from."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from pydantic import Field

from troth.engine.supply.find_rates import BOUND_LEVEL, lower_bounds
from troth.engine.supply.finding import FindRates
from troth.http.edge.body import Text
from troth.http.edge.operations import NO_BODY, Call, Nothing, Operation, Shown
from troth.http.edge.pages import Page, PageQuery, decode_cursor, page_reply
from troth.http.edge.problems import Refused
from troth.http.edge.replies import Reply
from troth.model.ids import NodeId
from troth.model.refusals import NotFound

_MARK: Final = "/"
_Place = tuple[str, str]
"""A node, and a category after a mark; empty: any category that nothing was seen of, which comes first."""


class AccuracyAnswer(msgspec.Struct, frozen=True):
    """How often units on the books of a node are found: of a category, or (null) of any that nothing was seen of.

    `lower_bound` is what the true rate exceeds with 95 percent; `observations` are the picks and counts behind it.
    """

    node: str
    category: str | None
    probability: float
    lower_bound: float
    observations: int


class AccuracyQuery(PageQuery):
    """Of which node and category."""

    node: Annotated[Text | None, Field(description="Left out: of all nodes.", examples=["ST-NYC"])] = None
    category: Annotated[Text | None, Field(description="Left out: of all categories.", examples=["camping"])] = None


async def list_accuracy(call: Call[Nothing, AccuracyQuery]) -> Reply:
    """A page of rates by node and category; of each node first what holds for any other category."""
    asked = call.query
    nodes = choose_nodes(call, asked.node)
    after = decode_cursor(asked.cursor, tuple[str, str])
    rates = call.system.door.reference.find_rates
    found = [
        place
        for place in _places(rates)
        if (nodes is None or place[0] in nodes)
        and (asked.category is None or place[1] == _MARK + asked.category)
        and (after is None or place > after)
    ][: asked.limit + 1]
    answers = dict(zip(found, _answers(rates, found), strict=True))
    return page_reply(call, found, limit=asked.limit, shown=answers.__getitem__, position=lambda place: place)


def choose_nodes(call: Call[Any, Any], given: str | None) -> frozenset[str] | None:
    """The node that is asked for, or all that the actor is bound to (None: no bound); Refused where it is not theirs or
    not there.
    """
    if given is None:
        return call.actor.nodes
    if not call.actor.may_at(given) or given not in call.system.door.reference.network.index:
        raise Refused(NotFound("node", given))
    return frozenset({given})


def _places(rates: FindRates) -> list[_Place]:
    """Where every rate is that something was seen for, and each node's own, by node and category."""
    rows = {_MARK + name: row for name, row in rates.categories.items()}
    seen = [
        (node, name) for node, at in rates.nodes.items() for name, row in rows.items() if rates.observations[row, at]
    ]
    return sorted([*seen, *((node, "") for node in rates.nodes)])


def _answers(rates: FindRates, places: Sequence[_Place]) -> list[AccuracyAnswer]:
    rows = [rates.categories[name.removeprefix(_MARK)] if name else 0 for _, name in places]
    nodes = [rates.nodes[NodeId(node)] for node, _ in places]
    bounds = lower_bounds(rates, rows, nodes)
    return [
        AccuracyAnswer(
            node,
            name.removeprefix(_MARK) if name else None,
            round(float(rates.probability[row, at]), 4),
            round(float(bound), 4),
            int(rates.observations[row, at]),
        )
        for (node, name), row, at, bound in zip(places, rows, nodes, bounds, strict=True)
    ]


_EXAMPLES: Final = (
    AccuracyAnswer("ST-NYC", None, 0.9412, 0.9004, 212),
    AccuracyAnswer("ST-NYC", "camping", 0.9271, 0.8846, 61),
)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/inventory/accuracy",
        name="list_accuracy",
        summary="How often stock is really found, by node and category",
        tag="inventory",
        run=list_accuracy,
        shown=(
            Shown(
                200,
                f"A page of rates; each true rate is below its bound with a probability of {BOUND_LEVEL:g}",
                Page[AccuracyAnswer],
                Page(_EXAMPLES, None),
            ),
        ),
        body=NO_BODY,
        query=AccuracyQuery,
        scope="inventory:read",
        refusals=(NotFound("node", "ST-NYC"),),
    ),
)
