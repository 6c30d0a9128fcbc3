"""A manifest as it is signed: every parcel that was handed over, and how many they are."""

from troth.model.label import Contact
from troth.model.manifest import Manifest
from troth.printing.elements import Qr, Rule, Text
from troth.printing.fonts import Fonts
from troth.printing.label_layout import address_lines
from troth.printing.pdf import Sheet, paper_of
from troth.printing.table import EDGE, Column, draw_table

_COLUMNS = (Column("Tracking number", 3), Column("Service", 2), Column("Order", 2), Column("To", 3), Column("kg", 1))
_SIGN_MM = 30.0


def render_manifest(manifest: Manifest, sender: Contact, fonts: Fonts) -> bytes:
    """The manifest, on the paper of the node's country; the same bytes however often."""
    rows = [
        (one.tracking_number, one.service.replace("_", " "), one.order, one.recipient, f"{one.grams / 1000:g}")
        for one in manifest.parcels
    ]
    title = f"Manifest {manifest.manifest_id}"
    texts = [title, *address_lines(sender), *(cell for row in rows for cell in row)]
    size = paper_of(sender.address.country)
    sheet = Sheet(size, fonts, texts, title=title, at=manifest.requested_at)
    wide = sheet.width - 2 * EDGE
    sheet.draw(Text(EDGE, EDGE, 7, wide - 30, f"{manifest.carrier.upper()} · {manifest.day:%Y-%m-%d}"))
    sheet.draw(Text(EDGE, EDGE + 9, 4, wide - 30, title))
    sheet.draw(Qr(EDGE + wide - 25, EDGE, 25, manifest.manifest_id))
    y = EDGE + 16
    for line in address_lines(sender):
        sheet.draw(Text(EDGE, y, 4, wide, line))
        y += 5
    total = f"{len(rows)} parcels, {manifest.grams / 1000:g} kg"
    sheet.draw(Text(EDGE, y + 2, 5, wide, total))

    def begin_page() -> float:
        sheet.draw(Text(EDGE, EDGE, 4, wide, title))
        return EDGE + 8

    y = draw_table(sheet, _COLUMNS, rows, top=y + 9, begin_page=begin_page)
    if y + _SIGN_MM > sheet.height - EDGE:
        sheet.new_page()
        y = begin_page()
    for number, what in enumerate(("Taken by", "Date and time", "Signature")):
        x = EDGE + number * wide / 3
        sheet.draw(Rule(x, y + 20, wide / 3 - 5))
        sheet.draw(Text(x, y + 21, 3.4, wide / 3 - 5, what))
    return sheet.content()
