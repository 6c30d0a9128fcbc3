"""What may be chosen of a promise that has changed, in the words in which the letter about it says it, and in the
language of the page.
"""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

from troth.flows.memory.reference import Reference
from troth.flows.telling.letters import choice_text
from troth.flows.telling.matter import Scene
from troth.flows.telling.media import Offer
from troth.flows.wording.promised import brand_of
from troth.model.order import Order
from troth.model.value import dataclass


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """A choice: what it says, and the page on which it is confirmed."""

    text: str
    path: str


def view_choices(
    offers: Sequence[Offer], order: Order, reference: Reference, language: str, now: datetime
) -> tuple[ChoiceView, ...]:
    """The choices that there still are, in their order."""
    if not offers:
        return ()
    voice = reference.wording_at(now).voice(order.channel, (language,))
    brand = brand_of((line.sku for line in order.lines), reference.items)
    scene = Scene(order, (), now, voice, reference.network, reference.items, brand)
    return tuple(ChoiceView(choice_text(one, scene), urlsplit(one.url).path) for one in offers)
