"""What is told of nodes with systems of their own: a sentence for each kind of event."""

from typing import Final, assert_never

from troth.console.views_release import short_id
from troth.model.node_messages import MessageKind, NodeSilent, NodeTold
from troth.pages.views import moment

_TOLD: Final = {
    MessageKind.RELEASE: "was told of its work",
    MessageKind.CHANGE: "was told that its work is another one",
    MessageKind.WITHDRAWAL: "was told that its work is withdrawn",
    MessageKind.RECALL: "was asked to give work back",
    MessageKind.TEST: "was sent a test",
}


def tell_node(event: NodeTold | NodeSilent) -> str:
    """What happened, in a sentence."""
    match event:
        case NodeTold():
            again = "" if event.repeats is None else ", once more"
            told = f"{_TOLD[event.kind]} {event.work.fulfillment_id}{again}"
            return f"Node {event.node} {told} (message {event.number})."
        case NodeSilent():
            done = "acknowledged" if event.what == "acknowledge" else "shipped"
            name = short_id(event.fulfillment_id)
            return f"Fulfillment {name} was not {done} by {event.node} until {moment(event.due_at)} UTC."
        case _:
            assert_never(event)
