"""What is told of releases and recalls: a sentence for each kind of event."""

from collections.abc import Iterable
from typing import assert_never

from troth.model.events import RecallAnswered, RecallEnded, RecallRequested, ReleasePlanned
from troth.model.ids import FulfillmentId
from troth.model.release import PlannedRelease
from troth.pages.views import moment, words


def tell_release(event: ReleasePlanned | RecallRequested | RecallAnswered | RecallEnded) -> str:
    """What happened, in a sentence."""
    match event:
        case ReleasePlanned():
            return f"Will be released {in_words(dict.fromkeys(map(_planned, event.planned)))}."
        case RecallRequested():
            recall = event.recall
            units = in_words(f"{one.quantity} of line {one.line_id}" for one in recall.units)
            until = moment(recall.answer_by)
            return f"{recall.node} was asked to give back {units} ({words(recall.kind).lower()}) until {until} UTC."
        case RecallAnswered():
            silent = " by its silence" if event.has_lapsed else ""
            why = f": {event.reason}" if event.reason else ""
            done = "gave work back" if event.is_given_back else "keeps its work"
            return f"The node of fulfillment {short_id(event.fulfillment_id)} {done}{silent}{why}."
        case RecallEnded():
            name = short_id(event.fulfillment_id)
            return f"The recall {event.recall_id} of fulfillment {name} is over: {event.reason}."
        case _:
            assert_never(event)


def _planned(planned: PlannedRelease) -> str:
    return f"in wave {planned.wave}" if planned.wave else f"at {moment(planned.at)} UTC"


def short_id(fulfillment: FulfillmentId) -> str:
    """A fulfillment's name within its order.

    >>> short_id(FulfillmentId("O-26SR-F12"))
    'F12'
    """
    return fulfillment.rpartition("-")[2] or fulfillment


def in_words(names: Iterable[str]) -> str:
    """Some names as a list in a sentence.

    >>> in_words(["one", "two", "three"])
    'one, two and three'
    """
    *most, last = list(names) or [""]
    return f"{', '.join(most)} and {last}" if most else last
