"""What a customer is told of the last request to a node to give their goods back: that it was asked, and what came of
it as far as the promise does not say it.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from troth.engine.carriage.network import Network
from troth.flows.wording.promised import name_of
from troth.flows.wording.wording import Voice
from troth.model.lifecycle import RecallState
from troth.model.order import Order
from troth.model.recall import Recall, RecallKind
from troth.model.status import live_allocations


def recall_message(order: Order, network: Network, now: datetime, voice: Voice) -> str:
    """A sentence on the last request that was made because somebody wished something else; empty where there is none,
    or all of it was done.
    """
    asked = [one for one in order.recalls if one.kind is not RecallKind.RESOURCE]
    last = asked[-1] if asked else None
    if last is None or all(part.fulfillment_id != last.fulfillment_id for part in live_allocations(order)):
        return ""
    place = name_of(network, last.node)
    match last.state:
        case RecallState.REQUESTED:
            zone = ZoneInfo(order.ship_to.time_zone if order.ship_to is not None and order.ship_to.time_zone else "UTC")
            until = last.answer_by.astimezone(zone)
            day = voice.day(until.date(), now.astimezone(zone).date())
            return voice.say("hold_back_asked", {"place": place, "day": day, "time": voice.time(until.time())})
        case RecallState.REFUSED:
            return voice.say("hold_back_refused", {"place": place})
        case RecallState.GIVEN_BACK if _is_partly(last) or last.outcome:
            return voice.say("hold_back_partly", {"place": place})
        case _:
            return ""


def _is_partly(recall: Recall) -> bool:
    return sum(one.quantity for one in recall.given) < sum(one.quantity for one in recall.units)
