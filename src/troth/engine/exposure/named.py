"""What exposure rules name that may not be there: a misspelled name hits nothing, and nothing else says so."""

from collections.abc import Iterable
from typing import Final

from troth.engine.exposure.check import kinds_of
from troth.engine.rules.contradictions import path_of
from troth.engine.rules.lint import walk
from troth.engine.rules.parse import parse
from troth.engine.rules.syntax import Binary, Flaw, ListOf, Literal
from troth.model.exposure import ChannelBuffer, ExposureRules, Threshold
from troth.model.value import dataclass

CHANNEL: Final = "order.channel"
NODE: Final = "node.id"
_FIELDS: Final = {
    "item.sku": "item",
    "item.category": "item of the category",
    "item.brand": "item of the brand",
    NODE: "node",
}
_ATTRIBUTE: Final = "item.attributes."
_NAMED_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Named:
    """A value of a field that rules name: the pointer to where, the field, the value, and its place in an expression
    (0: it is not in one).
    """

    pointer: str
    field: str
    value: str
    line: int = 0
    column: int = 0

    def missing(self) -> str:
        """What is to be said where it is not there."""
        if self.field.startswith(_ATTRIBUTE):
            return f"there is no item with {self.value} as its {self.field.removeprefix(_ATTRIBUTE)}"
        if self.field == CHANNEL:
            return f"no order of late came from the channel {self.value}"
        return f"there is no {_FIELDS[self.field]} {self.value}"


def named_in(rules: ExposureRules) -> tuple[Named, ...]:
    """The SKUs, categories, brands, attributes, nodes and channels that rules name, at most a thousand of them."""
    return tuple(_all(rules))[:_NAMED_MAX]


def _all(rules: ExposureRules) -> Iterable[Named]:
    for kind, those in kinds_of(rules):
        for at, rule in enumerate(those):
            yield from _in_text(rule.where, f"/{kind}/{at}/where")
            if isinstance(rule, ChannelBuffer | Threshold):
                for place, channel in enumerate(rule.channels):
                    yield Named(f"/{kind}/{at}/channels/{place}", CHANNEL, channel)
    for at, exclusion in enumerate(rules.exclusions):
        yield from _in_text(exclusion.when, f"/exclusions/{at}/when")
    for at, one in enumerate(rules.classes):
        yield from _in_text(one.when, f"/classes/{at}/when")


def _in_text(text: str, pointer: str) -> Iterable[Named]:
    if not text:
        return
    try:
        piece = parse(text)
    except Flaw:
        return
    for one in walk(piece):
        if not isinstance(one, Binary) or one.operator not in ("==", "!=", "in"):
            continue
        named, field = (one.left, one.right) if isinstance(one.left, Literal) else (one.right, one.left)
        path = path_of(field)
        if path != CHANNEL and path not in _FIELDS and not path.startswith(_ATTRIBUTE):
            continue
        for item in named.items if isinstance(named, ListOf) else (named,):
            if isinstance(item, Literal) and isinstance(item.value, str) and item.value:
                yield Named(pointer, path, item.value, item.at.line, item.at.column)
