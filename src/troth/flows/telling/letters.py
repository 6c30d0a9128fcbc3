"""A notification as it is sent: its matter in the words of the customer's language, as plain text, as HTML and as a
text message. In HTML everything is escaped, and in no header does anything stand that could end it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from troth.engine.carriage.network import Network
from troth.engine.policies.notification_check import is_address
from troth.flows.telling.links import Link, sign_link
from troth.flows.telling.matter import Matter, Scene, find_matter
from troth.flows.telling.media import Letter, Offer
from troth.flows.telling.order_markup import markup_script, order_markup
from troth.flows.wording.promised import brand_of, name_of
from troth.flows.wording.wording import Wording
from troth.model.choice import Choice, ChoiceKind
from troth.model.ids import Sku
from troth.model.item import Item
from troth.model.messages import LANGUAGE_ATTRIBUTE
from troth.model.notification import KINDS, Medium, Origin
from troth.model.notification_rules import Letterhead, NotificationRules
from troth.model.order import Order
from troth.model.value import dataclass

_COLOR: Final = "#1a5c8f"
_ROWS_MAX: Final = 50
_SMS_LENGTH_MAX: Final = 480
"""Three text messages of those that carriers join; what is longer is cut."""
_SUBJECT_LENGTH_MAX: Final = 200
_SPACES: Final = re.compile(r"\s+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_LINKED: Final = frozenset({ChoiceKind.KEEP, ChoiceKind.CANCEL, ChoiceKind.PICKUP})
"""What a customer may do alone; another item a person agrees with them, since its price may be another one."""

_environment: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which notification of which order is composed, for which medium and address."""

    notification_id: str
    kind: str
    medium: Medium
    address: str
    order: Order
    events: Sequence[Any]
    order_url: str = ""


@dataclass(frozen=True, slots=True)
class Stationery:
    """What letters are made with: the rules and the words of now, what is known of nodes and items, and the origin with
    what signs its links.
    """

    rules: NotificationRules
    wording: Wording
    network: Network
    items: Mapping[Sku, Item]
    origin: Origin
    link_secret: bytes
    now: datetime


def compose(asked: Asked, made_with: Stationery, languages: Sequence[str] = ()) -> Letter | str:
    """The letter, or why there is nothing to tell any more."""
    order, now = asked.order, made_with.now
    brand = brand_of((line.sku for line in order.lines), made_with.items)
    own = order.attributes.get(LANGUAGE_ATTRIBUTE)
    voice = made_with.wording.voice(order.channel, (*languages, own) if own else tuple(languages))
    scene = Scene(order, asked.events, now, voice, made_with.network, made_with.items, brand)
    matter = find_matter(asked.kind, scene)
    if isinstance(matter, str):
        return matter
    head = find_letterhead(made_with.rules.letterheads, order.channel, brand, made_with.origin)
    until = now + timedelta(hours=made_with.rules.choice_hours)
    choices = tuple(_offers(asked, matter, scene, made_with, until))
    values = {
        "name": order.customer.name,
        "order": order.external_id,
        "shop": head.shop,
        "link": asked.order_url,
        **matter.values,
    }
    told = _Told(scene, head, matter, values, choices, until if choices else None, asked.order_url)
    markup = order_markup(order, made_with.items, made_with.network, shop=head.shop, url=asked.order_url)
    opt_out_url = "" if KINDS[matter.kind].is_needed else _url(made_with, Link("stop", asked.notification_id))
    domain = (head.sender or made_with.origin.sender or "troth.invalid").rpartition("@")[2]
    return Letter(
        notification_id=asked.notification_id,
        message_id=f"<{asked.notification_id}@{domain}>",
        order_id=order.order_id,
        external_id=order.external_id,
        kind=matter.kind,
        medium=asked.medium,
        to=asked.address,
        language=voice.language,
        shop=one_line(head.shop),
        sender=head.sender,
        reply_to=head.reply_to,
        subject=one_line(told.words("subject"))[:_SUBJECT_LENGTH_MAX],
        text=told.text(opt_out_url),
        html=told.html(opt_out_url, markup_script(markup)),
        sms=_cut(one_line(told.words("sms")), asked.order_url),
        at=now,
        choices=choices,
        choose_until=told.choose_until,
        order_url=asked.order_url,
        opt_out_url=opt_out_url,
    )


def find_letterhead(heads: Iterable[Letterhead], channel: str, brand: str, origin: Origin) -> Letterhead:
    """In whose name a customer of a channel and a brand is written to: the first that fits, else the origin's."""
    for head in heads:
        if (not head.channels or channel in head.channels) and (not head.brands or brand in head.brands):
            return head
    return Letterhead(origin.shop)


def one_line(text: str) -> str:
    """A text that can stand in a header: whatever could end one is a space.

    >>> one_line("Your order 1\\r\\nBcc: everybody@example.com")
    'Your order 1 Bcc: everybody@example.com'
    """
    return _SPACES.sub(" ", _CONTROLS.sub(" ", text)).strip()


def find_address_flaw(medium: Medium, address: str) -> str:
    """Why nothing can be sent to an address; empty where it can.

    >>> find_address_flaw(Medium.EMAIL, "ada@example.com\\r\\nBcc: x@example.com")
    'is no mail address'
    >>> find_address_flaw(Medium.SMS, "+1 212 555 0100")
    ''
    """
    match medium:
        case Medium.EMAIL:
            return "" if is_address(address) else "is no mail address"
        case Medium.SMS:
            digits = re.sub(r"[ ()./-]", "", address)
            return "" if re.fullmatch(r"\+?[0-9]{6,15}", digits) else "is no telephone number"
        case Medium.WEBHOOK:
            return ""


@dataclass(frozen=True, slots=True)
class _Told:
    """A matter in words."""

    scene: Scene
    head: Letterhead
    matter: Matter
    values: Mapping[str, str]
    choices: Sequence[Offer]
    choose_until: datetime | None
    order_url: str

    def words(self, part: str) -> str:
        """The subject, the body or the text message of the kind."""
        return self.scene.say(f"{self.matter.kind}_{part}", self.values)

    def paragraphs(self) -> list[str]:
        """The paragraphs of the body that say something."""
        return [one for part in self.words("body").split("\n\n") if (one := one_line(part)) not in ("", ":")]

    def hello(self) -> str:
        """How it begins."""
        name = one_line(self.values["name"])
        return self.scene.say("hello", {"name": name}) if name else self.scene.say("hello_nameless")

    def until(self) -> str:
        """Until when something can be chosen; empty where nothing can."""
        if self.choose_until is None:
            return ""
        return self.scene.say("choose_until", {"day": self.scene.day(self.choose_until)})

    def rows(self) -> list[str]:
        """The units that it is about, each in a row."""
        return [self.scene.units(one.line_id, one.quantity) for one in self.matter.units[:_ROWS_MAX]]

    def text(self, opt_out_url: str) -> str:
        """The letter as plain text: the units have rows of their own where no paragraph names them."""
        paragraphs, rows = self.paragraphs(), self.rows()
        parts = [self.hello(), *paragraphs]
        if any(row not in " ".join(paragraphs) for row in rows):
            parts.append("\n".join(rows))
        if self.choices:
            parts.append(self.scene.say("may_choose"))
            parts += [f"{one.text}\n{one.url}" for one in self.choices]
            parts.append(self.until())
        if self.order_url:
            parts.append(f"{self.scene.say('see_order')}: {self.order_url}")
        parts.append(self.head.footer or self.head.shop)
        if opt_out_url:
            parts.append(f"{self.scene.say('opt_out')}: {opt_out_url}")
        return "\n\n".join(parts) + "\n"

    def html(self, opt_out_url: str, markup: str) -> str:
        """The letter as HTML."""
        return _environment.get_template("letter.html").render(
            language=self.scene.voice.language,
            subject=one_line(self.words("subject")),
            hello=self.hello(),
            paragraphs=self.paragraphs(),
            rows=self.rows(),
            choices=self.choices,
            may_choose=self.scene.say("may_choose"),
            choose_until=self.until(),
            order_url=self.order_url,
            see_order=self.scene.say("see_order"),
            opt_out_url=opt_out_url,
            opt_out=self.scene.say("opt_out"),
            shop=self.head.shop,
            footer=self.head.footer,
            logo_url=self.head.logo_url,
            color=self.head.color or _COLOR,
            markup=markup,
        )


def _offers(asked: Asked, matter: Matter, scene: Scene, made_with: Stationery, until: datetime) -> Iterable[Offer]:
    for number, choice in enumerate(matter.choices):
        if choice.kind in _LINKED:
            url = _url(made_with, Link("choose", asked.notification_id, number, until))
            text = choice_text(choice, scene)
            yield Offer(number, choice.kind, text, url, choice.lines, choice.node, choice.promised_at)


def choice_text(choice: Choice | Offer, scene: Scene) -> str:
    """What a choice says on its button."""
    match choice.kind:
        case ChoiceKind.KEEP if choice.promised_at is not None:
            return scene.say("choose_keep", {"day": scene.day(choice.promised_at)})
        case ChoiceKind.KEEP:
            return scene.say("choose_wait")
        case ChoiceKind.PICKUP if choice.node is not None and choice.promised_at is not None:
            values = {"place": name_of(scene.network, choice.node), "day": scene.day(choice.promised_at)}
            return scene.say("choose_pickup", values)
        case _:
            lines = ", ".join(scene.units(one.line_id, one.quantity) for one in choice.lines)
            return scene.say("choose_cancel", {"lines": lines or scene.order.external_id})


def _url(made_with: Stationery, link: Link) -> str:
    return f"{made_with.origin.public_url.rstrip('/')}/{link.purpose}/{sign_link(link, made_with.link_secret)}"


def _cut(text: str, link: str) -> str:
    """A text as long as a text message may be: of one that is too long its link is kept whole."""
    if len(text) <= _SMS_LENGTH_MAX:
        return text
    if not link or link not in text:
        return text[: _SMS_LENGTH_MAX - 1].rstrip() + "…"
    words = one_line(text.replace(link, " "))
    return f"{words[: _SMS_LENGTH_MAX - len(link) - 2].rstrip()}… {link}"
