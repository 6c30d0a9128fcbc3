"""Alert rules: what is done about a promise that will probably be missed, before it is."""

from enum import StrEnum
from typing import Final

from troth.model.value import dataclass


class AlertAction(StrEnum):
    """What a rule does. The first two are done only where they keep the promise, and then nothing after them is."""

    RE_SOURCE = "re_source"
    UPGRADE = "upgrade"
    TELL = "tell"
    EXCEPTION = "exception"


KEEPING: Final = frozenset({AlertAction.RE_SOURCE, AlertAction.UPGRADE})
"""What may keep a promise that would be missed."""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """For work of which `when` holds (CEL of the alert, the work, the order, its lines and items), these `actions` are
    taken, one after the other. The first rule that holds decides.
    """

    name: str
    when: str
    actions: tuple[AlertAction, ...]
    owner: str = ""


@dataclass(frozen=True, slots=True)
class AlertRules:
    """One document of alert rules; all documents in force count together, in the order of their names."""

    description: str = ""
    rules: tuple[AlertRule, ...] = ()


BUILT_IN: Final = AlertRules(
    "without any document: a person is called where a promise is more likely to be missed than not",
    (AlertRule("more likely late than not", "alert.probability >= 0.5", (AlertAction.EXCEPTION,)),),
)
"""What counts where no document is in force."""
