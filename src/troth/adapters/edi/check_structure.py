"""The segments of a transaction held against the structure of its set."""

from collections.abc import Iterator, Sequence

from troth.adapters.edi.directory.segments import is_known
from troth.adapters.edi.directory.sets import Node, TransactionSet
from troth.adapters.edi.flaws import Fault, Flaw
from troth.adapters.edi.segments import Segment, Syntax


def structure_flaws(syntax: Syntax, of: TransactionSet, segments: Sequence[Segment]) -> Iterator[Flaw]:
    """Which segments are missing, stand where they do not belong, or too often."""
    walk = _Walk(of)
    for one in segments:
        if one.tag in of.tags:
            yield from walk.take(one)
        elif not is_known(syntax, one.tag):
            yield _flaw(Fault.SEGMENT_UNKNOWN, one.tag, one.place, "is no segment of the standard", value=one.tag)
        elif syntax is Syntax.EDIFACT:
            # its sets are listed whole; those of X12 without what hardly anybody sends
            yield _flaw(Fault.SEGMENT_NOT_IN_SET, one.tag, one.place, f"is no segment of {of.kind}", value=one.tag)
    yield from walk.end(segments[-1].place + 1 if segments else 2)


class _Round:
    """One round of a loop, or the whole set: how far it is, and how often each of its nodes came."""

    __slots__ = ("at", "counts", "nodes", "tag")

    def __init__(self, nodes: tuple[Node, ...], tag: str) -> None:
        self.nodes = nodes
        self.tag = tag
        self.at = 0
        self.counts = [0] * len(nodes)


class _Walk:
    """The way through a set: the rounds that are open, the outermost first."""

    def __init__(self, of: TransactionSet) -> None:
        self.rounds = [_Round(of.nodes, "")]

    def take(self, segment: Segment) -> Iterator[Flaw]:
        """Go on to where a segment belongs: in the innermost round that has it ahead, then in those around it. One that
        is only behind stays where it is, out of order.
        """
        for depth in range(len(self.rounds) - 1, -1, -1):
            found = _ahead(self.rounds[depth], segment.tag)
            if found is not None:
                yield from self._leave(depth, segment.place)
                yield from self._enter(self.rounds[depth], found, segment)
                return
        detail = "stands where it does not belong: out of order, or without the segment that its loop begins with"
        loop = self.rounds[-1].tag
        yield _flaw(Fault.SEGMENT_OUT_OF_ORDER, segment.tag, segment.place, detail, loop=loop, value=segment.tag)

    def end(self, place: int) -> Iterator[Flaw]:
        """Say what is still missing."""
        yield from self._leave(0, place)
        outermost = self.rounds[0]
        yield from _missing(outermost, len(outermost.nodes), place)

    def _leave(self, depth: int, place: int) -> Iterator[Flaw]:
        """End the rounds inside of one, and say what they lack."""
        while len(self.rounds) > depth + 1:
            left = self.rounds.pop()
            yield from _missing(left, len(left.nodes), place)

    def _enter(self, round_: _Round, found: int, segment: Segment) -> Iterator[Flaw]:
        yield from _missing(round_, found, segment.place)
        node = round_.nodes[found]
        round_.at = found
        round_.counts[found] += 1
        if node.often_max is not None and round_.counts[found] == node.often_max + 1:
            fault = Fault.LOOP_TOO_OFTEN if node.inside else Fault.SEGMENT_TOO_OFTEN
            detail = f"may stand {node.often_max} times here, and stands more often"
            yield _flaw(fault, segment.tag, segment.place, detail, loop=node.tag if node.inside else round_.tag)
        if node.inside:
            self.rounds.append(_Round(node.inside, node.tag))


def _ahead(round_: _Round, tag: str) -> int | None:
    """The next node of a round that a tag is of, from where it is."""
    nodes = round_.nodes
    for place in range(round_.at, len(nodes)):
        if nodes[place].tag == tag:
            node = nodes[place]
            is_full = node.often_max is not None and round_.counts[place] >= node.often_max
            later = next((nth for nth in range(place + 1, len(nodes)) if nodes[nth].tag == tag), None)
            return later if is_full and later is not None else place
    return None


def _missing(round_: _Round, until: int, place: int) -> Iterator[Flaw]:
    """The mandatory nodes between where a round is and another place of it that never came."""
    for nth in range(round_.at, until):
        node = round_.nodes[nth]
        if node.is_mandatory and not round_.counts[nth]:
            yield _flaw(Fault.SEGMENT_MISSING, node.tag, place, "is missing before this", loop=round_.tag)


def _flaw(fault: Fault, tag: str, place: int, detail: str, *, loop: str = "", value: str = "") -> Flaw:
    return Flaw("", "", place, tag, 0, 0, fault, detail, value, loop)
