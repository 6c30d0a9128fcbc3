"""What scanners read: the codes of an item, in one form however they are printed."""

from typing import Final

from troth.model.item import Item

_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_GTIN_DIGITS: Final = 14
_SSCC_DIGITS: Final = 18
_IDENTIFIER: Final = "01"


def is_gtin(text: str) -> bool:
    """Whether a text is a GTIN-8, -12, -13 or -14: from the right, digits weigh 1, 3, 1, 3 … and add up to whole tens.

    *Source:* GS1 General Specifications, section 7.9 (standard check digit calculations).

    >>> is_gtin("4006381333931"), is_gtin("73513537"), is_gtin("4006381333932"), is_gtin("4006381333")
    (True, True, False, False)
    """
    if len(text) not in _GTIN_LENGTHS or not (text.isascii() and text.isdigit()):
        return False
    return check_digit(text[:-1]) == text[-1]


def check_digit(digits: str) -> str:
    """The digit that is put behind others, so that from the right all of them, weighing 1, 3, 1, 3 …, add up to tens.

    *Source:* GS1 General Specifications, section 7.9 (standard check digit calculations).

    >>> check_digit("400638133393")
    '1'
    """
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def is_sscc(text: str) -> bool:
    """Whether a text is a serial shipping container code: the number of a package, of 18 digits.

    *Source:* GS1 General Specifications, sections 3.2 (application identifier 00) and 7.9.

    >>> is_sscc("003400000000000014"), is_sscc("003400000000000015"), is_sscc("4006381333931")
    (True, False, False)
    """
    is_number = len(text) == _SSCC_DIGITS and text.isascii() and text.isdigit()
    return is_number and check_digit(text[:-1]) == text[-1]


def scan_key(text: str) -> str:
    """What a scanned text is compared by: a GTIN with 14 digits, whichever symbol it was in; else the text itself.

    What a scanner puts before it (`]E0`) is left out, and of a GS1 symbol only the number of the item counts.
    *Source:* GS1 General Specifications, sections 3.2 (application identifier 01) and 5.1.2 (symbology identifiers).

    >>> scan_key("4006381333931") == scan_key("]E04006381333931") == scan_key("0104006381333931 17271231")
    True
    >>> scan_key("012345678905"), scan_key(" BIN-7 ")
    ('00012345678905', 'BIN-7')
    """
    code = text.strip()
    if len(code) > 3 and code[0] == "]":
        code = code[3:]
    after = code[len(_IDENTIFIER) : len(_IDENTIFIER) + _GTIN_DIGITS]
    if code.startswith(_IDENTIFIER) and len(after) == _GTIN_DIGITS and is_gtin(after):
        return after
    return code.zfill(_GTIN_DIGITS) if is_gtin(code) else code


def scan_keys(item: Item) -> tuple[str, ...]:
    """What a unit of an item may be scanned as: its SKU, its GTIN and its other codes, each once."""
    codes = (item.sku, item.gtin, *item.barcodes)
    return tuple(dict.fromkeys(scan_key(code) for code in codes if code))


def printed_codes(text: str) -> tuple[str, ...]:
    """The forms in which what was scanned may be kept of an item: as it is, and a GTIN with each of its lengths.

    >>> printed_codes("]E04006381333931")
    ('4006381333931', '04006381333931')
    """
    key = scan_key(text)
    if len(key) != _GTIN_DIGITS or not is_gtin(key):
        return (key,)
    short = [key[_GTIN_DIGITS - length :] for length in sorted(_GTIN_LENGTHS)]
    return tuple(code for code in short if code.zfill(_GTIN_DIGITS) == key)
