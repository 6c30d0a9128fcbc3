"""The list by which goods are picked: stop by stop in walking order, with a code of each that can be scanned."""

from troth.engine.shipping.code128 import is_encodable
from troth.flows.orders.shelf_lines import Stop
from troth.flows.shipping.papers import PickList
from troth.printing.elements import Bars, Rule, Text
from troth.printing.fonts import Fonts
from troth.printing.pdf import Sheet, paper_of
from troth.printing.table import EDGE
from troth.printing.words import PaperWords, words_of

_STOP_MM = 15.0
_BARS_MM = 48.0


def render_pick_list(told: PickList, fonts: Fonts) -> bytes:
    """The list, on the paper of the node's country and in its language."""
    words = words_of(told.language, told.zone)
    texts = [text for stop in told.stops for text in (stop.place, stop.item.name, stop.sku)]
    names = [words.say("tote", tote=tote, number=order.external_id) for tote, (order, _) in enumerate(told.works, 1)]
    title = words.say("pick_list", node=told.node)
    head = f"{words.moment(told.at)} · {words.count('stops', len(told.stops))}"
    wants = [_wants(words, stop) for stop in told.stops]
    sheet = Sheet(
        paper_of(told.country),
        fonts,
        [*texts, *names, *wants, title, head, words.say("no_place")],
        title=title,
        at=told.at,
    )
    wide = sheet.width - 2 * EDGE
    sheet.draw(Text(EDGE, EDGE, 7, wide, title))
    sheet.draw(Text(EDGE, EDGE + 9, 4, wide, head))
    y = EDGE + 15
    for name in names:
        sheet.draw(Text(EDGE, y, 4, wide, name))
        y += 5
    y += 2
    for stop in told.stops:
        if y + _STOP_MM > sheet.height - EDGE:
            sheet.new_page()
            y = EDGE
        _draw_stop(sheet, words, stop, y, is_alone=len(told.works) == 1)
        y += _STOP_MM
    return sheet.content()


def _wants(words: PaperWords, stop: Stop) -> str:
    """How much of a stop goes into which tote."""
    return ", ".join(words.say("into_tote", units=stop.shown(want.units), tote=want.tote) for want in stop.wants)


def _draw_stop(sheet: Sheet, words: PaperWords, stop: Stop, y: float, *, is_alone: bool) -> None:
    wide = sheet.width - 2 * EDGE
    text = wide - 32 - 22 - _BARS_MM
    sheet.draw(Rule(EDGE, y, wide))
    sheet.draw(Text(EDGE, y + 3, 6, 30, stop.place or words.say("no_place")))
    sheet.draw(Text(EDGE + 32, y + 2, 4.5, text, stop.item.name or stop.sku))
    sheet.draw(Text(EDGE + 32, y + 6.5, 3.6, text, stop.sku))
    if not is_alone:
        sheet.draw(Text(EDGE + 32, y + 10.3, 3.6, text, _wants(words, stop)))
    sheet.draw(Text(EDGE + 32 + text + 2, y + 3, 7, 18, stop.shown(stop.units)))
    code = stop.item.gtin or stop.sku
    if is_encodable(code):
        sheet.draw(Bars(EDGE + wide - _BARS_MM, y + 2, _BARS_MM, 8, code))
        sheet.draw(Text(EDGE + wide - _BARS_MM, y + 10.5, 3, _BARS_MM, code, is_centered=True))
