"""What is wanted of a field, in our words: the reader of bodies speaks of its own types and of regular expressions."""

from typing import Any, Final

from pydantic_core import ErrorDetails

PATTERNS: Final = {
    r"^[^\x00-\x1f\x7f]*$": "must not contain control characters",
    r"^[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$": (
        "must not be empty, begin or end with a blank, or contain control characters"
    ),
    r"^[^\x00-\x20\x7f/](?:[^\x00-\x1f\x7f/]*[^\x00-\x20\x7f/])?$": (
        "must not be empty, begin or end with a blank, or contain a slash or control characters"
    ),
    r"^[A-Z]{2}$": "must be a country in two capitals (ISO 3166), such as US",
    r"^[A-Z]{3}$": "must be a currency in three capitals (ISO 4217), such as USD",
    r"^[A-Z]{2}(?:-[A-Z0-9]{1,5})?$": "must be a country or a region of one, such as US or US-CA",
    r"^-?[0-9]+(\.[0-9]+)?$": "must be an amount in digits, such as 19.90",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": (
        "must be letters, digits, dots, dashes and underscores, and begin with a letter or a digit"
    ),
    r"^[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+$": "must be an email address, such as ada@example.com",
    r"^(P-[0-9a-f]+)?$": "must be the plan_id of a quoted option, such as P-5b0c9d1c2f6e7a8890ab",
    r"^(?:[!-~](?:[ -~]*[!-~])?)?$": "must be printable ASCII without blanks at its ends",
    r"^[A-Za-z0-9]{1,16}$": "must be 1 to 16 letters and digits, such as kg",
    r"^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$": "must be a language (BCP 47), such as en or es-MX",
    r"^[a-z0-9_.-]+$": "must be small letters, digits, underscores, dots and dashes",
    r"^[a-z0-9_]*$": "must be small letters, digits and underscores",
    r"^[a-z0-9_]+$": "must be small letters, digits and underscores",
    r"^[a-z][a-z0-9_]*$": "must be small letters, digits and underscores, and begin with a letter",
    r"^([a-z][a-z0-9_]*)?$": "must be small letters, digits and underscores, and begin with a letter, or be empty",
    r"^[!-~]*$": "must be visible ASCII characters without blanks",
    r"^[!-~]+$": "must be visible ASCII characters without blanks",
    r"^[!-.0-~]+$": "must be visible ASCII characters without blanks and slashes",
    r"^[0-9]*$": "must be digits",
}
"""What each pattern of a body or a query says. A test finds those that are missing."""

_DATE: Final = "must be a date, such as 2026-11-23"
_TIME: Final = "must be a time of day, such as 14:00"
_INSTANT: Final = "must be a time with its offset from UTC, such as 2026-11-23T09:00:00+01:00"
_WHOLE: Final = "must be a whole number"
_NUMBER: Final = "must be a number"
_DECIMAL: Final = "must be a number, or one as text, such as 12.5"
_OBJECT: Final = "must be an object"
_LIST: Final = "must be a list"
_TEXT: Final = "must be a text"

SENTENCES: Final = {
    "string_type": _TEXT,
    "string_unicode": "must be a text in UTF-8",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries, not {actual_length}",
    "too_long": "must have at most {max_length} entries, not {actual_length}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must be one of {expected_tags}",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a number, neither infinite nor NaN",
    "decimal_type": _DECIMAL,
    "decimal_parsing": _DECIMAL,
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_max_places": "must have at most {decimal_places} decimals",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "none_required": "must be null",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dataclass_type": _OBJECT,
    "invalid_key": _TEXT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "time_type": _TIME,
    "time_parsing": _TIME,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": "needs an offset from UTC, such as 2026-11-23T09:00:00+01:00",
    "missing": "is required",
    "union_tag_not_found": "is required",
}
"""By what the reader of bodies calls it, what is wanted; in braces what it says besides."""


def tell_wanted(found: ErrorDetails, what: str) -> str:
    """What is wanted of a field, or of another `what`; a flaw that is ours already says so itself.

    >>> tell_wanted({"type": "less_than_equal", "loc": ("quantity",), "msg": "", "input": 9, "ctx": {"le": 5}}, "field")
    'must be at most 5'
    """
    known: dict[str, Any] = found.get("ctx") or {}
    match found["type"]:
        case "extra_forbidden":
            return f"there is no {what} {found['loc'][-1]}"
        case "string_pattern_mismatch":
            return PATTERNS.get(known["pattern"], f"must match {known['pattern']}")
        case "string_too_short" if known["min_length"] == 1:
            return "must not be empty"
        case "too_short" if known["min_length"] == 1:
            return "must have at least one entry"
        case "enum" | "literal_error":
            return f"must be {str(known['expected']).replace(chr(39), '')}"
        case other if other in SENTENCES:
            return SENTENCES[other].format(**known)
        case _:
            return str(found["msg"]).removeprefix("Value error, ")
