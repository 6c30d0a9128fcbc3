"""The slip that goes with goods: whose order it is, and what lies in which package."""

from zoneinfo import ZoneInfo

from troth.flows.shipping.papers import PackingSlip
from troth.model.measure import shown
from troth.printing.elements import Qr, Text
from troth.printing.fonts import Fonts
from troth.printing.label_layout import address_lines
from troth.printing.pdf import Sheet, paper_of
from troth.printing.table import EDGE, Column, draw_table

_COLUMNS = (Column("Item", 4), Column("SKU", 2), Column("Quantity", 1))


def render_packing_slip(slip: PackingSlip, fonts: Fonts) -> bytes:
    """The slip, on the paper of the country that it leaves; the same bytes for the same packages."""
    order, work = slip.order, slip.work
    tables = [
        (name, [(one.name, one.sku, f"{shown(one.quantity, one.decimals)}") for one in told.goods])
        for name, told in slip.packages
    ]
    to = address_lines(slip.recipient)
    texts = [slip.seller, order.external_id, *to, *(cell for _, rows in tables for row in rows for cell in row)]
    size = paper_of(slip.sender.address.country)
    title = f"Packing slip {order.external_id}"
    sheet = Sheet(size, fonts, texts, title=title, at=work.shipped_at or order.captured_at)
    ordered_on = order.ordered_at.astimezone(ZoneInfo(slip.zone)).strftime("%Y-%m-%d")
    wide = sheet.width - 2 * EDGE
    sheet.draw(Text(EDGE, EDGE, 7, wide - 35, slip.seller))
    sheet.draw(Text(EDGE, EDGE + 10, 5, wide - 35, f"Packing slip of order {order.external_id}"))
    sheet.draw(Text(EDGE, EDGE + 17, 4, wide - 35, f"Ordered on {ordered_on} · {work.fulfillment_id}"))
    sheet.draw(Qr(sheet.width - EDGE - 25, EDGE, 25, work.fulfillment_id))
    y = EDGE + 26
    for line in to:
        sheet.draw(Text(EDGE, y, 4.5, wide, line))
        y += 5.5

    def begin_page() -> float:
        sheet.draw(Text(EDGE, EDGE, 4, wide, title))
        return EDGE + 8

    for number, (name, rows) in enumerate(tables, 1):
        if y + 28 > sheet.height - EDGE:
            sheet.new_page()
            y = begin_page()
        place = f"Package {name}" + (f", {number} of {len(tables)}" if len(tables) > 1 else "")
        sheet.draw(Text(EDGE, y + 4, 5, wide, place))
        y = draw_table(sheet, _COLUMNS, rows, top=y + 10, begin_page=begin_page)
    return sheet.content()
