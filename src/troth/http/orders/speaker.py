"""With which words orders are told of: those of their channel and brands, in the language that somebody wants."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from troth.flows.wording.wording import NO_WORDING, Voice, Wording
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.messages import LANGUAGE_ATTRIBUTE
from troth.model.order import Order
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class Speaker:
    """With which words, about which items and in which languages orders are told of (the best first; the order's own
    follows).
    """

    wording: Wording = NO_WORDING
    items: Mapping[Sku, Item] = field(default_factory=dict)
    languages: Sequence[str] = ()

    def voice(self, order: Order) -> Voice:
        """How an order is told of."""
        own = order.attributes.get(LANGUAGE_ATTRIBUTE)
        return self.wording.voice(order.channel, (*self.languages, own) if own else self.languages)
