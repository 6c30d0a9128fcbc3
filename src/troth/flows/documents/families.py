"""The families of versioned configuration: what their documents are, how they are checked, and what is in force."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from troth.engine.carriage.card_check import check_card
from troth.engine.carriage.cost_check import lint_card
from troth.engine.carriage.lane_check import check_lanes, lint_known, lint_lanes
from troth.engine.carriage.network import Network
from troth.engine.exposure.check import check_exposure
from troth.engine.exposure.lint import lint_exposure
from troth.engine.packing.box_check import check_boxes, lint_boxes, lint_boxes_known
from troth.engine.policies.alert_check import check_alerts, lint_alerts
from troth.engine.policies.hold_check import check_holds, lint_holds
from troth.engine.policies.notification_check import check_notifications, lint_notifications
from troth.engine.policies.release_check import check_release, lint_release
from troth.engine.policies.return_check import check_return_rules
from troth.engine.policies.work_check import check_work, lint_work
from troth.engine.rules.check import check
from troth.engine.rules.lint import lint
from troth.engine.rules.lint_known import lint_nodes
from troth.flows.documents.document_body import read_body
from troth.flows.places.public_holidays import is_calendar
from troth.flows.wording.message_check import check_messages, lint_messages
from troth.model.alerts import AlertRules
from troth.model.document import Activation, Finding
from troth.model.exposure import ExposureRules
from troth.model.hold_rules import HoldRules
from troth.model.lanes import LaneTable
from troth.model.messages import MessageTemplates
from troth.model.network import LOCAL, RateCard
from troth.model.notification_rules import NotificationRules
from troth.model.packing import BoxSet
from troth.model.release_rules import ReleaseRules
from troth.model.return_rules import ReturnRules
from troth.model.routing import Routing
from troth.model.value import dataclass
from troth.model.work_rules import WorkRules
from troth.store.configure import Family as FamilyKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Family(Generic[T]):
    """One family. `check` finds what forbids a document, `lint` what is worth a second look by itself, and `lint_known`
    beside what there is.

    Where it `is_exclusive`, one document of all names decides; else each name has one in force. Where it `has_canary`,
    a version may decide for a part of the orders. `reserved` are names that no document may have.
    """

    key: FamilyKey
    what: str
    type: type[T]
    check: Callable[[T], tuple[Finding, ...]]
    lint: Callable[[T], tuple[Finding, ...]]
    lint_known: Callable[[T, Network], tuple[Finding, ...]] | None = None
    is_exclusive: bool = False
    has_canary: bool = False
    reserved: frozenset[str] = frozenset()
    currency_of: Callable[[T], str] | None = None

    def scope(self, acts: tuple[Activation, ...], name: str) -> tuple[Activation, ...]:
        """The acts that decide together about what is in force under a name."""
        return acts if self.is_exclusive else tuple(act for act in acts if act.name == name)

    def remarks(self, value: T, network: Network) -> tuple[Finding, ...]:
        """What is worth a second look about a document, by itself and in this network."""
        found = self.lint(value)
        return found if self.lint_known is None else (*found, *self.lint_known(value, network))

    def read(self, body: object, currency: str | None = None) -> T | tuple[Finding, ...]:
        """The document that a decoded JSON body is, or everything that forbids it: also that its amounts are in another
        currency than costs are, where that is given.
        """
        value = read_body(body, self.type)
        if isinstance(value, tuple):
            return value
        flaws = self.check(value)
        if not flaws and currency is not None and self.currency_of is not None and self.currency_of(value) != currency:
            return (Finding("/currency", f"must be {currency}, in which costs are counted"),)
        return flaws or value


def _check_card(card: RateCard) -> tuple[Finding, ...]:
    unknown = [
        Finding(f"/public_holidays/{at}", f"there is no calendar {name}; write local, US, DE-BY or US-carriers")
        for at, name in enumerate(card.public_holidays)
        if name != LOCAL and not is_calendar(name)
    ]
    return (*check_card(card), *unknown)


RATE_CARDS: Final = Family(
    "rate-cards", "rate card", RateCard, _check_card, lint_card, currency_of=lambda card: card.currency
)


def _lint_lanes_known(table: LaneTable, network: Network) -> tuple[Finding, ...]:
    return lint_known(table, network.index, (*network.ship.cards, *network.delivery.cards))


LANE_TABLES: Final = Family("lane-tables", "lane table", LaneTable, check_lanes, lint_lanes, _lint_lanes_known)

EXPOSURE_RULES: Final = Family(
    "exposure-rules",
    "rule set",
    ExposureRules,
    check_exposure,
    lint_exposure,
    reserved=frozenset({"preview"}),
)

ROUTINGS: Final = Family(
    "routings",
    "routing",
    Routing,
    check,
    lint,
    lint_nodes,
    is_exclusive=True,
    has_canary=True,
    reserved=frozenset({"presets", "fields"}),
)

MESSAGE_TEMPLATES: Final = Family(
    "message-templates",
    "message template",
    MessageTemplates,
    check_messages,
    lint_messages,
    reserved=frozenset({"preview"}),
)

ALERT_RULES: Final = Family("alert-rules", "alert rule set", AlertRules, check_alerts, lint_alerts)
HOLD_RULES: Final = Family("hold-rules", "hold rule set", HoldRules, check_holds, lint_holds)
RELEASE_RULES: Final = Family(
    "release-rules", "release rule set", ReleaseRules, check_release, lint_release, is_exclusive=True
)
RETURN_RULES: Final = Family(
    "return-rules",
    "return rule set",
    ReturnRules,
    check_return_rules,
    lambda _rules: (),
    is_exclusive=True,
    reserved=frozenset({"fields"}),
)
BOXES: Final = Family("boxes", "box set", BoxSet, check_boxes, lint_boxes, lint_boxes_known, is_exclusive=True)

WORK_RULES: Final = Family("work-rules", "work rule set", WorkRules, check_work, lint_work, is_exclusive=True)
NOTIFICATION_RULES: Final = Family(
    "notification-rules",
    "notification rule set",
    NotificationRules,
    check_notifications,
    lint_notifications,
    is_exclusive=True,
)
