"""The list by which goods are picked: stop by stop in walking order, with a code of each that can be scanned."""

from zoneinfo import ZoneInfo

from troth.engine.shipping.code128 import is_encodable
from troth.flows.orders.shelf_lines import Stop
from troth.flows.shipping.papers import PickList
from troth.printing.elements import Bars, Rule, Text
from troth.printing.fonts import Fonts
from troth.printing.pdf import Sheet, paper_of
from troth.printing.table import EDGE

_STOP_MM = 15.0
_BARS_MM = 48.0


def render_pick_list(told: PickList, fonts: Fonts) -> bytes:
    """The list, on the paper of the node's country."""
    texts = [text for stop in told.stops for text in (stop.place, stop.item.name, stop.sku)]
    names = [f"Tote {tote}: {order.external_id}" for tote, (order, _) in enumerate(told.works, 1)]
    title = f"Pick list of {told.node}"
    sheet = Sheet(paper_of(told.country), fonts, [*texts, *names, title], title=title, at=told.at)
    at = told.at.astimezone(ZoneInfo(told.zone)).strftime("%Y-%m-%d %H:%M")
    wide = sheet.width - 2 * EDGE
    sheet.draw(Text(EDGE, EDGE, 7, wide, title))
    sheet.draw(Text(EDGE, EDGE + 9, 4, wide, f"{at} · {len(told.stops)} stops"))
    y = EDGE + 15
    for name in names:
        sheet.draw(Text(EDGE, y, 4, wide, name))
        y += 5
    y += 2
    for stop in told.stops:
        if y + _STOP_MM > sheet.height - EDGE:
            sheet.new_page()
            y = EDGE
        _draw_stop(sheet, stop, y, is_alone=len(told.works) == 1)
        y += _STOP_MM
    return sheet.content()


def _draw_stop(sheet: Sheet, stop: Stop, y: float, *, is_alone: bool) -> None:
    wide = sheet.width - 2 * EDGE
    text = wide - 32 - 22 - _BARS_MM
    sheet.draw(Rule(EDGE, y, wide))
    sheet.draw(Text(EDGE, y + 3, 6, 30, stop.place or "No place"))
    sheet.draw(Text(EDGE + 32, y + 2, 4.5, text, stop.item.name or stop.sku))
    sheet.draw(Text(EDGE + 32, y + 6.5, 3.6, text, stop.sku))
    if not is_alone:
        wants = ", ".join(f"{stop.shown(want.units)} into tote {want.tote}" for want in stop.wants)
        sheet.draw(Text(EDGE + 32, y + 10.3, 3.6, text, wants))
    sheet.draw(Text(EDGE + 32 + text + 2, y + 3, 7, 18, stop.shown(stop.units)))
    code = stop.item.gtin or stop.sku
    if is_encodable(code):
        sheet.draw(Bars(EDGE + wide - _BARS_MM, y + 2, _BARS_MM, 8, code))
        sheet.draw(Text(EDGE + wide - _BARS_MM, y + 10.5, 3, _BARS_MM, code))
