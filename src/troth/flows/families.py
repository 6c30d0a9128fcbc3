"""The families of versioned configuration: what their documents are, how they are checked, and what is in force."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Generic, TypeVar

from troth.flows.document_body import read_body
from troth.model.document import Activation, Finding
from troth.model.network import RateCard
from troth.model.policy import DEFAULT_POLICY, Policy
from troth.model.routing import Routing
from troth.store.configure import Family as FamilyKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Family(Generic[T]):
    """One family. `check` finds what forbids a document, `lint` what is worth a second look.

    Where it `is_exclusive`, one document of all names decides; else each name has one in force. Where it `has_canary`,
    a version may decide for a part of the orders. `reserved` are names that no document may have.
    """

    key: FamilyKey
    what: str
    type: type[T]
    check: Callable[[T], tuple[Finding, ...]]
    lint: Callable[[T], tuple[Finding, ...]]
    is_exclusive: bool = False
    has_canary: bool = False
    reserved: frozenset[str] = frozenset()

    def scope(self, acts: tuple[Activation, ...], name: str) -> tuple[Activation, ...]:
        """The acts that decide together about what is in force under a name."""
        return acts if self.is_exclusive else tuple(act for act in acts if act.name == name)

    def read(self, body: object) -> T | tuple[Finding, ...]:
        """The document that a decoded JSON body is, or everything that forbids it."""
        value = read_body(body, self.type)
        if isinstance(value, tuple):
            return value
        return self.check(value) or value


def check_rate_card(card: RateCard) -> tuple[Finding, ...]:
    """What keeps a rate card from being used."""
    zones, brackets = len(card.zone_miles), len(card.brackets_grams)
    found = [
        Finding(f"/{name}", f"must have a value for each of the {zones} zones of zone_miles, not {len(values)}")
        for name, values in (
            ("rates_minor", card.rates_minor), ("over_minor", card.over_minor), ("transit_days", card.transit_days),
        )
        if len(values) != zones
    ]  # fmt: skip
    found += [
        Finding(f"/rates_minor/{zone}", f"must have a rate for each of the {brackets} brackets, not {len(rates)}")
        for zone, rates in enumerate(card.rates_minor)
        if len(rates) != brackets
    ]
    return tuple(found)


def _nothing(_: object) -> tuple[Finding, ...]:
    return ()


RATE_CARDS: Final = Family("rate-cards", "rate card", RateCard, check_rate_card, _nothing)

ROUTINGS: Final = Family(
    "routings",
    "routing",
    Routing,
    _nothing,
    _nothing,
    is_exclusive=True,
    has_canary=True,
    reserved=frozenset({"presets", "fields"}),
)

_AMOUNTS: Final = frozenset(field.name for field in fields(Policy) if field.name.endswith(("_minor", "_minor_per_day")))


def policy_of(routing: Routing, label: str) -> Policy:
    """The default policy with what a routing says instead; decisions are recorded under the label."""
    changes: dict[str, Any] = {name: int(value) for name, value in routing.weights.items() if name in _AMOUNTS}
    factors: Mapping[str, float] = {name: value for name, value in routing.weights.items() if name not in _AMOUNTS}
    if factors:
        changes["weights"] = factors
    if routing.limits.shipments_max is not None:
        changes["shipments_max"] = routing.limits.shipments_max
    if routing.objectives:
        changes["objectives"] = routing.objectives
    if routing.cost_rates is not None:
        changes["cost_rates"] = routing.cost_rates
    return replace(DEFAULT_POLICY, version=label, routing=routing, **changes)
