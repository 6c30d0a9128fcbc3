"""What a routing names that there is not: a misspelled name ranks or admits nobody, and nothing else says so."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from troth.engine.carriage.network import Network
from troth.engine.rules.contradictions import path_of
from troth.engine.rules.lint import walk
from troth.engine.rules.parse import parse
from troth.engine.rules.syntax import Binary, Flaw, ListOf, Literal
from troth.model.document import Finding
from troth.model.routing import Routing, Rule

_FINDINGS_MAX: Final = 100


def lint_nodes(routing: Routing, network: Network) -> tuple[Finding, ...]:
    """The nodes that orders and rules of a routing name and the network lacks, up to a hundred of them."""
    nodes = network.index
    found: list[Finding] = []
    for place, rules in _all_rules(routing):
        for at, rule in enumerate(rules):
            found += _of_expression(rule.expression, f"{place}/{at}/expression", nodes)
    for at, tier in enumerate(routing.tiers):
        for number, sort in enumerate(tier.sort):
            for position, node in enumerate(sort.ranked):
                if node not in nodes:
                    found.append(Finding(f"/tiers/{at}/sort/{number}/ranked/{position}", _unknown(node, nodes)))
    return tuple(found[:_FINDINGS_MAX])


def _all_rules(routing: Routing) -> Iterable[tuple[str, tuple[Rule, ...]]]:
    yield from (("/eligibility", routing.eligibility), ("/exclusions", routing.exclusions), ("/keep", routing.keep))
    for at, tier in enumerate(routing.tiers):
        yield f"/tiers/{at}/filters", tier.filters
        yield f"/tiers/{at}/keep", tier.keep


def _of_expression(text: str, pointer: str, nodes: Collection[str]) -> Iterable[Finding]:
    try:
        piece = parse(text)
    except Flaw:
        return
    for one in walk(piece):
        if isinstance(one, Binary) and one.operator in ("==", "!=", "in"):
            named, field = (one.left, one.right) if isinstance(one.left, Literal) else (one.right, one.left)
            if path_of(field) != "node.id":
                continue
            for item in named.items if isinstance(named, ListOf) else (named,):
                if isinstance(item, Literal) and isinstance(item.value, str) and item.value not in nodes:
                    yield Finding(pointer, _unknown(item.value, nodes), item.at.line, item.at.column)


def _unknown(node: str, nodes: Collection[str]) -> str:
    near = get_close_matches(node, nodes, n=1, cutoff=0.8) if len(nodes) <= _FINDINGS_MAX * 10 else []
    return f"there is no node {node}" + (f"; did you mean {near[0]}?" if near else "")
