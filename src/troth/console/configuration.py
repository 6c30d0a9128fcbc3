"""The families of versioned configuration that the console shows, and all of their pages."""

import json
from itertools import chain
from typing import Final

from troth.console import document_editor, documents
from troth.console.family_pages import FamilyPages
from troth.console.routing import ROUTING_PAGES
from troth.engine.carriage.rate_cards import STANDARD
from troth.flows.documents.families import (
    ALERT_RULES,
    BOXES,
    EXPOSURE_RULES,
    HOLD_RULES,
    LANE_TABLES,
    MESSAGE_TEMPLATES,
    NOTIFICATION_RULES,
    RATE_CARDS,
    RELEASE_RULES,
    RETURN_RULES,
    WORK_RULES,
)
from troth.flows.documents.presets import lean
from troth.model.notification_rules import BUILT_IN as TOLD_BUILT_IN
from troth.store.codec import encode

RATE_CARD_PAGES: Final = FamilyPages(
    family=RATE_CARDS,
    path="rate-cards",
    title="Rate cards",
    built_in="a service that no card in force offers goes by the card that is built in",
    effect="Parcels of its service are rated and dated by it from then on.",
    hint="Parcels go by the cards that are built in: standard, express and next day.",
    blank=json.loads(encode(STANDARD)),
    is_tried=True,
)
LANE_TABLE_PAGES: Final = FamilyPages(
    family=LANE_TABLES,
    path="lane-tables",
    title="Lane tables",
    built_in="miles tell the zone and the rate card the days, where no other table does",
    effect="Zones, days of transit and days without delivery are read from it from then on.",
    hint="Zones come from miles, and days of transit from the rate card.",
    blank={"lanes": [{"country": "US", "postcode_prefix": "995", "zone": 6, "transit_days": 5}], "holidays": []},
    is_tried=True,
)

EXPOSURE_PAGES: Final = FamilyPages(
    family=EXPOSURE_RULES,
    path="exposure-rules",
    title="Exposure rules",
    built_in="the pool is shown whole, as far as the other rule sets let it",
    effect="Positions, availability, quotes and orders see the pool by it from then on.",
    hint="Every channel sees and may take the whole pool.",
    blank={"safety_stock": [{"name": "stores keep two", "where": "node.type == 'store'", "units": 2}]},
    panel="exposure_panel.html",
)

MESSAGE_PAGES: Final = FamilyPages(
    family=MESSAGE_TEMPLATES,
    path="message-templates",
    title="Message templates",
    built_in="messages have the texts that are built in, where the other documents say nothing else",
    effect="Quotes, orders and availability are told in its words from then on.",
    hint="Messages have the texts that are built in: English and Spanish.",
    blank={"texts": [{"language": "en", "texts": {"in_store": "Here today at {place}"}}]},
    panel="message_panel.html",
)

HOLD_PAGES: Final = FamilyPages(
    family=HOLD_RULES,
    path="hold-rules",
    title="Hold rules",
    built_in="there are the types of holds that are built in, and no order is held by a rule",
    effect="New orders are held by its rules from then on, and holds are placed on the terms of its types.",
    hint="No order is held by a rule; people hold orders by the types that are built in.",
    blank={
        "types": [{"name": "fraud", "owner": "fraud", "hours": 24, "at_end": "escalate", "escalate_to": "operators"}],
        "rules": [{"name": "dear and new", "when": "order.value > 1000.0 && customer.orders == 0", "type": "fraud"}],
    },
)

ALERT_PAGES: Final = FamilyPages(
    family=ALERT_RULES,
    path="alert-rules",
    title="Alert rules",
    built_in="a person is called where a promise is more likely to be missed than not",
    effect="Promises that will probably be missed are acted on by it from then on.",
    hint="A person is called where a promise is more likely to be missed than not.",
    blank={
        "rules": [
            {"name": "from elsewhere", "when": "alert.probability >= 0.6", "actions": ["re_source", "upgrade", "tell"]}
        ]
    },
)

RELEASE_PAGES: Final = FamilyPages(
    family=RELEASE_RULES,
    path="release-rules",
    title="Release rules",
    built_in="work goes to its node when the remorse period of the routing ends",
    effect="Remorse periods of new orders, releases, waves and recalls follow it from then on.",
    hint="Orders are released when their remorse period ends, by node and one by one.",
    blank={
        "remorse": [{"name": "point-of-sale", "when": "order.channel == 'pos'", "minutes": 0}],
        "waves": [{"name": "dc-parcels", "times": ["09:00:00", "13:00:00"], "where": "node.type == 'dc'"}],
    },
)

RETURN_PAGES: Final = FamilyPages(
    family=RETURN_RULES,
    path="return-rules",
    title="Return rules",
    built_in="everything comes back within 30 days to any node, is credited on receipt, and goes where its grade says",
    effect="Returns are opened, credited and disposed of by it from then on.",
    hint="Everything comes back within 30 days to any node, is credited on receipt, and goes where its grade says.",
    blank={"windows": [{"name": "swimwear", "when": "item.category == 'swimwear'", "returnable": False}]},
)

WORK_PAGES: Final = FamilyPages(
    family=WORK_RULES,
    path="work-rules",
    title="Work rules",
    built_in="goods wait a week for their customer, who is reminded after one day and after four",
    effect="Goods that get ready are kept, and pickups handed over, by it from then on.",
    hint="Goods wait a week for their customer, who is reminded after one day and after four.",
    blank={"pickups": [{"name": "everyday", "keep_hours": 120.0, "remind_hours": [24.0, 72.0]}]},
)

NOTIFICATION_PAGES: Final = FamilyPages(
    family=NOTIFICATION_RULES,
    path="notification-rules",
    title="Notification rules",
    built_in="customers are told by the rules that are built in, where a mail server or a gateway is set up",
    effect="What happens from then on is told by it.",
    hint="Customers are told by the rules that are built in.",
    blank=json.loads(encode(lean(TOLD_BUILT_IN))),
)

BOX_PAGES: Final = FamilyPages(
    family=BOXES,
    path="boxes",
    title="Boxes",
    built_in="everything is proposed to go as it is",
    effect="Packages are proposed in its boxes from then on.",
    hint="Everything is proposed to go as it is.",
    blank={
        "padding_mm": 5,
        "boxes": [{"box": "M", "inner_mm": [400, 300, 200], "grams_max": 20000, "tare_grams": 260, "cost_minor": 85}],
    },
)

FAMILIES: Final = (
    ROUTING_PAGES,
    RATE_CARD_PAGES,
    LANE_TABLE_PAGES,
    EXPOSURE_PAGES,
    HOLD_PAGES,
    ALERT_PAGES,
    RELEASE_PAGES,
    RETURN_PAGES,
    WORK_PAGES,
    BOX_PAGES,
    MESSAGE_PAGES,
    NOTIFICATION_PAGES,
)
"""In the order of the tabs. A further family is one more of these."""

routes = list(
    chain.from_iterable((*documents.routes_of(one, FAMILIES), *document_editor.routes_of(one)) for one in FAMILIES)
)
