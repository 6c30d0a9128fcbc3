"""What keeps boxes from being used, and what is worth a second look: each with its field."""

from collections.abc import Iterable, Mapping

from troth.engine.carriage.network import Network
from troth.model.document import Finding
from troth.model.packing import Box, BoxSet

BOXES_MAX = 100
MM_MAX = 10_000
GRAMS_MAX = 2_000_000
_SIDES = ("length", "width", "height")


def check_boxes(boxes: BoxSet) -> tuple[Finding, ...]:
    """Everything that forbids a set of boxes, in the order of its fields; nothing where it can be used."""
    return tuple(_all(boxes))


def lint_boxes(boxes: BoxSet) -> tuple[Finding, ...]:
    """Boxes that are never chosen, since one before or after them holds as much, costs no more and is everywhere."""
    found = []
    for at, box in enumerate(boxes.boxes):
        better = next((one for one in boxes.boxes if one is not box and _is_better(one, box)), None)
        if better is not None:
            found.append(Finding(f"/boxes/{at}", f"is never chosen: {better.box} holds as much and costs less"))
    return tuple(found)


def lint_boxes_known(boxes: BoxSet, network: Network) -> tuple[Finding, ...]:
    """Nodes that nobody knows."""
    return tuple(
        Finding(f"/boxes/{at}/nodes/{number}", f"there is no node {node}")
        for at, box in enumerate(boxes.boxes)
        for number, node in enumerate(box.nodes)
        if node not in network.index
    )


def _all(boxes: BoxSet) -> Iterable[Finding]:
    if len(boxes.boxes) > BOXES_MAX:
        yield Finding("/boxes", f"there are {len(boxes.boxes)} boxes; there may be {BOXES_MAX}")
        return
    if not 0 <= boxes.padding_mm <= MM_MAX:
        yield Finding("/padding_mm", f"must be from 0 to {MM_MAX:,}")
    first: dict[str, int] = {}
    for at, box in enumerate(boxes.boxes):
        pointer = f"/boxes/{at}"
        if not box.box or len(box.box) > 64:
            yield Finding(f"{pointer}/box", "must have 1 to 64 characters")
        elif first.setdefault(box.box, at) != at:
            yield Finding(f"{pointer}/box", f"is the name of box {first[box.box]} as well")
        yield from _box(box, boxes.padding_mm, pointer)


def _box(box: Box, padding_mm: int, pointer: str) -> Iterable[Finding]:
    for side, (inner, outer) in enumerate(zip(box.inner_mm, box.outer_mm, strict=True)):
        if not 2 * padding_mm < inner <= MM_MAX:
            least = f"more than twice the padding, {2 * padding_mm}," if padding_mm else "above 0"
            yield Finding(f"{pointer}/inner_mm/{side}", f"must be {least} and at most {MM_MAX:,} ({_SIDES[side]})")
        if any(box.outer_mm) and not inner <= outer <= MM_MAX:
            yield Finding(
                f"{pointer}/outer_mm/{side}", f"must be from {inner}, as inside, to {MM_MAX:,} ({_SIDES[side]})"
            )
    limits: Mapping[str, tuple[int, int]] = {
        "grams_max": (1, GRAMS_MAX),
        "tare_grams": (0, GRAMS_MAX),
        "cost_minor": (0, 10**9),
    }
    for name, (least_of, most) in limits.items():
        if not least_of <= getattr(box, name) <= most:
            yield Finding(f"{pointer}/{name}", f"must be from {least_of} to {most:,}")


def _is_better(one: Box, box: Box) -> bool:
    """Whether one holds all that a box holds, where it is, for less."""
    is_there = not one.nodes or (bool(box.nodes) and set(box.nodes) <= set(one.nodes))
    is_cheaper = (one.cost_minor, one.volume) < (box.cost_minor, box.volume)
    holds = all(a >= b for a, b in zip(sorted(one.inner_mm), sorted(box.inner_mm), strict=True))
    return is_there and is_cheaper and holds and one.grams_max >= box.grams_max
