"""The slip that goes with goods: whose order it is, and what lies in which package."""

from troth.flows.shipping.papers import PackingSlip
from troth.model.measure import shown
from troth.printing.elements import Qr, Text
from troth.printing.fonts import Fonts
from troth.printing.label_layout import address_lines
from troth.printing.pdf import Sheet, paper_of
from troth.printing.table import EDGE, Column, draw_table
from troth.printing.words import PaperWords, words_of


def render_packing_slip(slip: PackingSlip, fonts: Fonts) -> bytes:
    """The slip, on the paper of the country that it leaves and in the language of its customer; the same bytes for the
    same packages.
    """
    order, work, words = slip.order, slip.work, words_of(slip.language, slip.zone)
    columns = (Column(words.say("item"), 4), Column(words.say("sku"), 2), Column(words.say("quantity"), 1))
    tables = [
        (name, [(one.name, one.sku, f"{shown(one.quantity, one.decimals)}") for one in told.goods])
        for name, told in slip.packages
    ]
    to = address_lines(slip.recipient)
    title, head = (
        words.say("packing_slip", number=order.external_id),
        words.say("packing_slip_of", number=order.external_id),
    )
    ordered = f"{words.say('ordered_on', day=words.day(order.ordered_at))} · {work.fulfillment_id}"
    places = [_place(words, name, number, len(tables)) for number, (name, _) in enumerate(tables, 1)]
    texts = [slip.seller, title, head, ordered, *places, *(column.head for column in columns), *to]
    texts += [cell for _, rows in tables for row in rows for cell in row]
    size = paper_of(slip.sender.address.country)
    sheet = Sheet(size, fonts, texts, title=title, at=work.shipped_at or order.captured_at)
    wide = sheet.width - 2 * EDGE
    sheet.draw(Text(EDGE, EDGE, 7, wide - 35, slip.seller))
    sheet.draw(Text(EDGE, EDGE + 10, 5, wide - 35, head))
    sheet.draw(Text(EDGE, EDGE + 17, 4, wide - 35, ordered))
    sheet.draw(Qr(sheet.width - EDGE - 25, EDGE, 25, work.fulfillment_id))
    y = EDGE + 26
    for line in to:
        sheet.draw(Text(EDGE, y, 4.5, wide, line))
        y += 5.5

    def begin_page() -> float:
        sheet.draw(Text(EDGE, EDGE, 4, wide, title))
        return EDGE + 8

    for place, (_, rows) in zip(places, tables, strict=True):
        if y + 28 > sheet.height - EDGE:
            sheet.new_page()
            y = begin_page()
        sheet.draw(Text(EDGE, y + 4, 5, wide, place))
        y = draw_table(sheet, columns, rows, top=y + 10, begin_page=begin_page)
    return sheet.content()


def _place(words: PaperWords, name: str, number: int, count: int) -> str:
    if count == 1:
        return words.say("package", name=name)
    return words.say("package_of", name=name, number=number, count=count)
