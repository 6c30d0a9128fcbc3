"""What a carrier is to the flows: whoever takes parcels to their door, here or elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from troth.flows.memory.trackers import Poller
from troth.model.asked import Lost
from troth.model.label import BuyOutcome, Consignment, Label, LabelAsk, VoidOutcome
from troth.model.manifest import CloseOutcome, Manifest
from troth.model.shipping_rates import QuotedRate


class Carrier(Protocol):
    """Carries parcels on request. No failure of the other side is an exception: what is not known is `Lost`.

    Under one key there is one label, however often it is asked for, for `keeps_keys_hours`.
    """

    keeps_keys_hours: float

    @property
    def poller(self) -> Poller | None:
        """By what it is asked where parcels are; None where it tells that itself, or is asked by a setting."""
        ...

    async def quote(self, consignments: Sequence[Consignment]) -> tuple[QuotedRate, ...] | Lost | None:
        """What its services cost for some parcels; None where it has no prices of its own, and rate cards say it."""
        ...

    async def buy(self, ask: LabelAsk) -> BuyOutcome:
        """Make a label, or say what came of it the first time."""
        ...

    async def find(self, ask: LabelAsk) -> BuyOutcome | None:
        """What came of a label that was asked for; None where it was never heard of. Changes nothing."""
        ...

    async def close(self, manifest: Manifest) -> CloseOutcome:
        """Take a manifest, or say what came of it the first time it was told."""
        ...

    async def void(self, label: Label) -> VoidOutcome:
        """Take a label back. One that is void already is void."""
        ...


Carriers = Mapping[str, Carrier]
"""The carriers of which labels can be had, by the names that rate cards have for them."""
