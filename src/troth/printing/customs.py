"""The customs declaration of a parcel, with what the form CN 23 asks for.

*Source:* Universal Postal Union, Convention Manual, article 20-001 and form CN 23.
"""

from zoneinfo import ZoneInfo

from troth.model.label import Consignment, Contact, Goods
from troth.model.measure import scale_of, shown
from troth.model.money import Money
from troth.printing.elements import Element, Rule, Text
from troth.printing.fonts import Fonts
from troth.printing.label_layout import address_lines
from troth.printing.pdf import Sheet, paper_of
from troth.printing.table import EDGE, Column, draw_table

_COLUMNS = (
    Column("Contents", 4),
    Column("Quantity", 1.2),
    Column("Net kg", 1.2),
    Column("Value", 2),
    Column("HS tariff number", 2.2),
    Column("Origin", 1.1),
)


def render_customs(parcels: tuple[tuple[str, str, Consignment], ...], fonts: Fonts, zone: str) -> bytes:
    """The declarations of parcels (package, tracking number, what is in it), each on a page of its own."""
    texts = [text for _, number, told in parcels for text in (number, *_texts(told))]
    _, _, first = parcels[0]
    title = f"Customs declaration {first.reference}"
    sheet = Sheet(paper_of(first.sender.address.country), fonts, [title, *texts], title=title, at=first.ship_by)
    for place, (package, number, told) in enumerate(parcels):
        if place:
            sheet.new_page()
        _draw(sheet, package, number, told, zone)
    return sheet.content()


def value_of(goods: Goods) -> int:
    """What goods are worth (minor units), halves up."""
    scale = scale_of(goods.decimals)
    return (goods.unit_price_minor * goods.quantity * 2 + scale) // (2 * scale)


def _draw(sheet: Sheet, package: str, number: str, told: Consignment, zone: str) -> None:
    wide = sheet.width - 2 * EDGE
    half = wide / 2 - 5
    sheet.draw(Text(EDGE, EDGE, 7, wide, "Customs declaration CN 23"))
    named = f"Parcel {number}" if number else f"Package {package}"
    sheet.draw(Text(EDGE, EDGE + 9, 4.5, wide, f"{named} · order {told.reference}"))
    y = EDGE + 18
    for element in (
        *_party("From", told.sender, EDGE, y, half),
        *_party("To", told.recipient, EDGE + half + 10, y, half),
    ):
        sheet.draw(element)
    sheet.draw(Text(EDGE, y + 40, 4, wide, "Category of item: sale of goods"))

    def begin_page() -> float:
        sheet.draw(Text(EDGE, EDGE, 4, wide, f"Customs declaration CN 23 · {named}"))
        return EDGE + 8

    end = draw_table(
        sheet, _COLUMNS, [_row(one, told.currency) for one in told.goods], top=y + 48, begin_page=begin_page
    )
    total = Money(sum(map(value_of, told.goods)), told.currency)
    sheet.draw(Text(EDGE, end + 4, 5, wide, f"Total value {total.amount} {total.currency}"))
    sheet.draw(Text(EDGE, end + 10, 5, wide, f"Total gross weight {told.grams / 1000:g} kg"))
    day = told.ship_by.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d")
    sheet.draw(
        Text(
            EDGE,
            end + 20,
            3.4,
            wide,
            "I certify that the particulars given in this declaration are correct, and that this item contains no "
            "dangerous article prohibited by legislation or by postal or customs regulations.",
        )
    )
    sheet.draw(Rule(EDGE, end + 40, half))
    sheet.draw(Text(EDGE, end + 41, 3.4, half, f"Date ({day}) and sender's signature"))


def _party(head: str, contact: Contact, x: float, y: float, width: float) -> list[Element]:
    lines = [*address_lines(contact), *filter(None, (contact.phone, contact.email))]
    return [Text(x, y, 3.2, width, head), *(Text(x, y + 4 + at * 4.8, 4, width, line) for at, line in enumerate(lines))]


def _row(goods: Goods, currency: str) -> tuple[str, ...]:
    grams = -(-goods.unit_grams * goods.quantity // scale_of(goods.decimals))
    value = Money(value_of(goods), currency)
    return (
        goods.name,
        f"{shown(goods.quantity, goods.decimals)}",
        f"{grams / 1000:g}",
        f"{value.amount} {value.currency}",
        goods.hs_code,
        goods.origin,
    )


def _texts(told: Consignment) -> list[str]:
    return [
        *address_lines(told.sender),
        *address_lines(told.recipient),
        *(cell for one in told.goods for cell in _row(one, told.currency)),
    ]
