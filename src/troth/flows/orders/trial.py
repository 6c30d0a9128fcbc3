"""What a dry run tries: a routing, a rate card or a lane table, saved or not, in the place of what is in force."""

from dataclasses import replace
from typing import Any, Final, TypeAlias

import msgspec

from troth.engine.carriage.network import Network
from troth.engine.promising.context import Facts
from troth.engine.rules.weights import policy_of
from troth.engine.supply.in_force import find_in_force
from troth.flows.documents.families import LANE_TABLES, RATE_CARDS, ROUTINGS, Family
from troth.flows.door.system import System
from troth.flows.publishing.draft import flaws_of
from troth.model.document import Activation, label_of
from troth.model.lanes import LaneTable
from troth.model.network import Carriage, RateCard
from troth.model.policy import Policy
from troth.model.refusals import FieldFlaw, Invalid, NotFound
from troth.model.routing import Routing
from troth.model.value import dataclass
from troth.store.documents import find_versions, read_activations, read_document

Tried: TypeAlias = Routing | RateCard | LaneTable

TRIED: Final[tuple[Family[Any], ...]] = (ROUTINGS, RATE_CARDS, LANE_TABLES)
"""The families whose documents can be tried on an order."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A document to try under a name, and the acts that say what is in force under it; `label` names the version, which
    is 0 where it is not saved.
    """

    name: str
    label: str
    document: Tried
    acts: tuple[Activation, ...]

    def policy(self, base: Policy) -> Policy | None:
        """The policy that is tried, where it is one."""
        return policy_of(self.document, self.label, base) if isinstance(self.document, Routing) else None

    def in_force(self, facts: Facts) -> str | None:
        """What is in force in its place, as decisions name it; None where nothing is under its name."""
        if isinstance(self.document, Routing):
            return facts.policy.version
        base = find_in_force(self.acts, facts.now).base
        return None if base is None else base.label

    def with_services(self, network: Network) -> Network:
        """The network that also names the service of a card that is tried, so that an order may ask for it."""
        if not isinstance(self.document, RateCard):
            return network
        if self.document.method is Carriage.DELIVERY:
            return replace(network, delivery=replace(network.delivery, cards=(*network.delivery.cards, self.document)))
        return replace(network, ship=replace(network.ship, cards=(*network.ship.cards, self.document)))


async def find_trial(
    system: System, family: Family[Any], name: str, *, version: int | None, body: object
) -> Trial | Invalid | NotFound:
    """What is tried: a body that need not be saved, or a version of the name, the newest one where none is given."""
    async with system.pool.acquire() as connection:
        acts = family.scope(await read_activations(connection, family.key), name)
        if body is not None:
            found = None
        elif version is not None:
            found = await read_document(connection, family.key, name, version)
        else:
            found = next(iter(await find_versions(connection, family.key, name, limit=1)), None)
    if body is None and found is None:
        return NotFound(family.what, name if version is None else label_of(name, version))
    label = label_of(name, 0) if found is None else found.label
    content = body if found is None else msgspec.json.decode(found.body)
    value = family.read(content, system.door.reference.base.currency)
    if not isinstance(value, tuple):
        return Trial(name, label, value, acts)
    above = "" if found is not None else f"/{family.what.replace(' ', '_')}"
    return Invalid(tuple(FieldFlaw(f"{above}{flaw.pointer}", flaw.detail) for flaw in flaws_of(value)))
