"""The store app as an entrance: for those who do the work of nodes, bound to some or to none."""

from pathlib import Path
from typing import Final

from troth.flows.people.access import Actor
from troth.pages.entrance import Entrance, make_templates

SCOPE: Final = "fulfillments:write"


def may_visit(actor: Actor) -> bool:
    """Whether the store app is for them: who may report work, but nobody who is bound to customers."""
    return actor.may(SCOPE) and actor.customers is None


ENTRANCE: Final = Entrance(
    name="store",
    title="Sign in to the store",
    may_visit=may_visit,
    strangers="This login is for another part of Troth, not for the work of a store.",
    templates=make_templates(Path(__file__).parent / "templates"),
    scope=SCOPE,
)
