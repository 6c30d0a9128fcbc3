"""The exposure rules that count at an instant: of all documents in force, in the order in which they decide."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

from troth.engine.rules.compiled import Compiled, try_compile
from troth.engine.rules.fields import FEEDS, ITEM, NODE, ORDER, WORK
from troth.model.exposure import (
    ChannelBuffer,
    DemandClass,
    Exclusion,
    ExposureRules,
    Finding,
    ProductAllocation,
    Protection,
    SafetyStock,
    Threshold,
)
from troth.model.value import dataclass

NO_CLASS: Final = 10**9
"""The rank of who is in no class: below all."""


class Dated(Protocol):
    """A rule that has a name, names SKU-nodes, and counts for a time."""

    @property
    def name(self) -> str:
        """What it is called within its document."""

    @property
    def where(self) -> str:
        """What it names."""

    @property
    def starts_at(self) -> datetime | None:
        """When it begins to count."""

    @property
    def ends_at(self) -> datetime | None:
        """When it ends."""


R = TypeVar("R", bound=Dated)


@dataclass(frozen=True, slots=True, eq=False)
class Ready(Generic[R]):
    """A rule, the name under which it is counted (document/rule), what it names (None: everything), and to whom it
    speaks (None: everybody).
    """

    rule: R
    label: str
    where: Compiled | None
    when: Compiled | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ReadyClass:
    """A class of demand, and who is in it."""

    demand_class: DemandClass
    when: Compiled


@dataclass(frozen=True, slots=True, eq=False)
class CompiledExposure:
    """The rules by kind, each in the order in which they decide; `ranks` are those of the classes by name.

    `labels` names the documents; nothing of it changes before `valid_until`. It `looks_at_moment` where a rule asks
    how old a node's stock feed is, or how well it does its work: what that names changes by itself.
    """

    labels: tuple[str, ...]
    classes: tuple[ReadyClass, ...]
    ranks: Mapping[str, int]
    safety_stock: tuple[Ready[SafetyStock], ...]
    buffers: tuple[Ready[ChannelBuffer], ...]
    thresholds: tuple[Ready[Threshold], ...]
    exclusions: tuple[Ready[Exclusion], ...]
    protections: tuple[Ready[Protection], ...]
    allocations: tuple[Ready[ProductAllocation], ...]
    finding: tuple[Ready[Finding], ...]
    valid_until: datetime | None
    looks_at_moment: bool = False

    @property
    def has_rules(self) -> bool:
        """Whether anything counts at all."""
        return any(
            (
                self.safety_stock, self.buffers, self.thresholds, self.exclusions, self.protections, self.allocations,
                self.finding,
            )
        )  # fmt: skip

    @property
    def looks_at_sales(self) -> bool:
        """Whether a rule asks what nodes sell."""
        return any(ready.rule.cover_weeks or ready.rule.service_level for ready in self.safety_stock)

    @property
    def counts_draws(self) -> bool:
        """Whether what orders take is counted against anything."""
        return bool(self.allocations) or any(ready.rule.is_consumed for ready in self.protections)


def compile_exposure(documents: Sequence[tuple[str, str, ExposureRules]], now: datetime) -> CompiledExposure:
    """The rules of documents (name, label, rules; in the order of their names) that count at an instant."""
    changes: list[datetime] = []
    named = [(name, rules) for name, _label, rules in documents]

    def those(
        read: Callable[[ExposureRules], Iterable[R]],
        when: Callable[[R], str] = lambda _: "",
        priority: Callable[[R], int] = lambda _: 0,
    ) -> tuple[Ready[R], ...]:
        found = [(name, rule) for name, rules in named for rule in read(rules) if _counts(rule, now, changes)]
        found.sort(key=lambda pair: -priority(pair[1]))  # equals stay in the order of their documents
        return tuple(_ready(name, rule, when(rule)) for name, rule in found)

    classes = sorted((one for _, rules in named for one in rules.classes), key=lambda one: one.rank)
    return CompiledExposure(
        labels=tuple(label for _name, label, _rules in documents),
        classes=tuple(ReadyClass(one, try_compile(one.when, reads=ORDER)) for one in classes),
        ranks={one.name: one.rank for one in reversed(classes)},
        safety_stock=those(lambda rules: rules.safety_stock, priority=lambda rule: rule.priority),
        buffers=those(lambda rules: rules.buffers, priority=lambda rule: rule.priority),
        thresholds=those(lambda rules: rules.thresholds),
        exclusions=those(lambda rules: rules.exclusions, when=lambda rule: rule.when),
        protections=those(lambda rules: rules.protections),
        allocations=those(lambda rules: rules.allocations),
        finding=those(lambda rules: rules.finding, priority=lambda rule: rule.priority),
        valid_until=min((at for at in (*changes, *_steps(named)) if at > now), default=None),
        looks_at_moment=any(_looks_at_moment(rule.where) for _, rules in named for rule in _all_rules(rules)),
    )


def _all_rules(rules: ExposureRules) -> tuple[Dated, ...]:
    return (
        *rules.safety_stock, *rules.buffers, *rules.thresholds, *rules.exclusions, *rules.protections,
        *rules.allocations, *rules.finding,
    )  # fmt: skip


def _looks_at_moment(where: str) -> bool:
    code = try_compile(where, reads=ITEM | NODE).code if where else None
    return code is not None and bool(code.reads & (FEEDS | WORK))


def _steps(named: Iterable[tuple[str, ExposureRules]]) -> Iterable[datetime]:
    """The instants at which a protection keeps another amount, lends no more, or is over."""
    for protection in (one for _, rules in named for one in rules.protections):
        yield from (step.at for step in protection.curve)
        if protection.needed_until is not None:
            yield protection.needed_until
        if protection.lending is not None and protection.needed_from is not None:
            yield protection.needed_from - timedelta(days=protection.lending.locked_days)


def _counts(rule: Dated, now: datetime, changes: list[datetime]) -> bool:
    """Whether a rule counts now; the instants after this one at which that changes join `changes`."""
    changes += [at for at in (rule.starts_at, rule.ends_at) if at is not None and at > now]
    has_begun = rule.starts_at is None or rule.starts_at <= now
    return has_begun and (rule.ends_at is None or now < rule.ends_at)


def _ready(document: str, rule: R, when: str) -> Ready[R]:
    return Ready(
        rule,
        f"{document}/{rule.name}",
        try_compile(rule.where, reads=ITEM | NODE) if rule.where else None,
        try_compile(when, reads=ORDER) if when else None,
    )
