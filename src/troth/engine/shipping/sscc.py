"""SSCC-18: the number of a logistic unit, by which partners know a parcel before they see it.

*Source:* GS1 General Specifications, sections 3.3 (application identifier 00) and 7.9 (check digits).
"""

from typing import Final

from troth.model.barcodes import check_digit

_DIGITS: Final = 17


def make_sscc(prefix: str, serial: int) -> str:
    """The SSCC of a company prefix (7 to 10 digits) and a serial reference: an extension digit, both, a check digit.

    The extension digit takes what does not fit into the serial reference, so that ten times as many are different.

    >>> make_sscc("0614141", 1234567890)
    '106141412345678908'
    """
    digits = str(serial).zfill(_DIGITS - len(prefix))[-(_DIGITS - len(prefix)) :]
    body = digits[0] + prefix + digits[1:]
    return body + check_digit(body)
