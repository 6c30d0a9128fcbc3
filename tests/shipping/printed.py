"""What a printed page says to whoever reads or scans it."""

import pypdfium2
import zxingcpp


def pages_of(content: bytes) -> list[str]:
    """The text of each page of a PDF."""
    with pypdfium2.PdfDocument(content) as document:
        found = []
        for page in document:
            text = page.get_textpage()
            found.append(text.get_text_range().replace("\r\n", "\n"))
            text.close()
            page.close()
        return found


def size_of(content: bytes) -> tuple[int, int]:
    """The size of the first page, in whole millimeters."""
    with pypdfium2.PdfDocument(content) as document:
        width, height = document.get_page_size(0)
    return round(width * 25.4 / 72), round(height * 25.4 / 72)


def codes_of(content: bytes, page: int = 0) -> set[tuple[str, str]]:
    """The bar codes on a page as a scanner reads them: symbology and text."""
    with pypdfium2.PdfDocument(content) as document:
        shown = document[page]
        image = shown.render(scale=4).to_pil()
        shown.close()
    return {(str(one.format), one.text) for one in zxingcpp.read_barcodes(image)}


def picture_of(content: bytes, *, top: float, bottom: float) -> bytes:
    """The dots of a stripe of the first page, between two heights in millimeters."""
    with pypdfium2.PdfDocument(content) as document:
        shown = document[0]
        image = shown.render(scale=3).to_pil().convert("1")
        shown.close()
    dots_per_mm = 3 * 72 / 25.4
    dots: bytes = image.crop((0, round(top * dots_per_mm), image.width, round(bottom * dots_per_mm))).tobytes()
    return dots


def ink_of(dots: bytes) -> int:
    """How many dots of a picture are dark."""
    return 8 * len(dots) - sum(byte.bit_count() for byte in dots)
