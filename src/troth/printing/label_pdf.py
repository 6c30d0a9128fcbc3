"""Shipping labels as PDF, one on each page of 4 by 6 inches."""

from collections.abc import Sequence

from troth.model.label import Label
from troth.printing.elements import Text
from troth.printing.fonts import Fonts
from troth.printing.label_layout import HEIGHT_MM, WIDTH_MM, lay_out_label
from troth.printing.pdf import Sheet


def render_labels_pdf(labels: Sequence[Label], fonts: Fonts, zone: str) -> bytes:
    """Labels, of which there is at least one; a reprint of one is the same bytes."""
    layouts = [lay_out_label(label, zone) for label in labels]
    texts = [one.text for layout in layouts for one in layout if isinstance(one, Text)]
    title = " ".join(label.label_id for label in labels[:3])
    sheet = Sheet((WIDTH_MM, HEIGHT_MM), fonts, texts, title=title, at=labels[0].answered_at or labels[0].requested_at)
    for number, layout in enumerate(layouts):
        if number:
            sheet.new_page()
        for element in layout:
            sheet.draw(element)
    return sheet.content()
