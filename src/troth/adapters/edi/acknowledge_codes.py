"""In which codes 997, 999, TA1 and CONTRL say what is wrong, and what each code means."""

from collections.abc import Mapping
from typing import Final

from troth.adapters.edi.flaws import Fault

SEGMENT_CODES: Final[Mapping[str, str]] = {
    Fault.SEGMENT_UNKNOWN: "1",
    Fault.SEGMENT_OUTSIDE: "2",
    Fault.SEGMENT_MISSING: "3",
    Fault.LOOP_TOO_OFTEN: "4",
    Fault.SEGMENT_TOO_OFTEN: "5",
    Fault.SEGMENT_NOT_IN_SET: "6",
    Fault.SEGMENT_OUT_OF_ORDER: "7",
}
"""Of AK304 and IK304 (data elements 720 and 620), where it is the segment; all else is in its elements."""

ELEMENTS_IN_ERROR: Final = "8"
"""Of AK304 and IK304: the segment stands right, and its elements are wrong."""

ELEMENT_CODES: Final[Mapping[str, str]] = {
    Fault.ELEMENT_MISSING: "1",
    Fault.ELEMENT_MISSING_BESIDE: "2",
    Fault.ELEMENTS_TOO_MANY: "3",
    Fault.TOO_SHORT: "4",
    Fault.TOO_LONG: "5",
    Fault.CHARACTER_INVALID: "6",
    Fault.NUMBER_INVALID: "6",
    Fault.CODE_INVALID: "7",
    Fault.VALUE_NOT_KNOWN: "7",
    Fault.VALUE_CONTRADICTS: "7",
    Fault.DATE_INVALID: "8",
    Fault.TIME_INVALID: "9",
    Fault.ELEMENT_EXCLUDED: "10",
    Fault.REPEATED_TOO_OFTEN: "12",
    Fault.COMPONENTS_TOO_MANY: "13",
}
"""Of AK403 and IK403 (data elements 723 and 621)."""

BEFORE_REPETITION: Final[Mapping[str, str]] = {Fault.REPEATED_TOO_OFTEN: "3", Fault.COMPONENTS_TOO_MANY: "3"}
"""Of AK403 in versions that know no repetition yet: too many elements."""

TRANSACTION_CODES: Final[Mapping[str, str]] = {
    Fault.KIND_NOT_SUPPORTED: "1",
    Fault.VERSION_NOT_SUPPORTED: "1",
    Fault.TRAILER_MISSING: "2",
    Fault.CONTROL_DIFFERS: "3",
    Fault.COUNT_DIFFERS: "4",
    Fault.SEGMENTS_TOO_MANY: "4",
    Fault.KIND_NOT_OF_GROUP: "6",
    Fault.CONTROL_NOT_UNIQUE: "23",
}
"""Of AK502 and IK502 (data elements 718 and 618), where it is the header or the trailer of a transaction set."""

SEGMENTS_IN_ERROR: Final = "5"
"""Of AK502 and IK502: segments are wrong."""

GROUP_CODES: Final[Mapping[str, str]] = {
    Fault.KIND_NOT_SUPPORTED: "1",
    Fault.VERSION_NOT_SUPPORTED: "2",
    Fault.TRAILER_MISSING: "3",
    Fault.CONTROL_DIFFERS: "4",
    Fault.COUNT_DIFFERS: "5",
    Fault.SEGMENT_OUTSIDE: "5",
    Fault.NOTHING_INSIDE: "5",
    Fault.ELEMENT_MISSING: "6",
    Fault.CONTROL_NOT_UNIQUE: "6",
    Fault.DUPLICATE: "6",
}
"""Of AK905 (data element 716)."""

RECEIPT_NOTES: Final[Mapping[tuple[str, int], str]] = {
    ("ISA", 5): "005", ("ISA", 6): "006", ("ISA", 7): "007", ("ISA", 8): "008", ("ISA", 9): "014", ("ISA", 10): "015",
    ("ISA", 11): "016", ("ISA", 12): "017", ("ISA", 13): "018", ("ISA", 14): "019", ("ISA", 15): "020",
    ("ISA", 16): "027", ("IEA", 1): "021", ("IEA", 2): "001",
}  # fmt: skip
"""Of TA105 (data element I18), by the element of the envelope that is wrong."""

RECEIPT_FAULTS: Final[Mapping[str, str]] = {
    Fault.TRAILER_MISSING: "023",
    Fault.DUPLICATE: "025",
    Fault.RECEIVER_WRONG: "009",
    Fault.SENDER_UNKNOWN: "006",
    Fault.TEST_NOT_EXPECTED: "020",
    Fault.VERSION_NOT_SUPPORTED: "003",
    Fault.COUNT_DIFFERS: "021",
    Fault.CONTROL_DIFFERS: "001",
}
"""Of TA105, by what is wrong; before the element it stands in."""

NO_ERROR: Final = "000"
CONTENT_INVALID: Final = "022"
"""Of TA105: anything else, its control structure."""

CONTRL_CODES: Final[Mapping[str, str]] = {
    Fault.TRAILER_MISSING: "13",
    Fault.CONTROL_DIFFERS: "28",
    Fault.COUNT_DIFFERS: "29",
    Fault.CONTROL_NOT_UNIQUE: "26",
    Fault.SEGMENTS_TOO_MANY: "35",
    Fault.SEGMENT_OUTSIDE: "33",
    Fault.NOTHING_INSIDE: "32",
    Fault.KIND_NOT_OF_GROUP: "31",
    Fault.KIND_NOT_SUPPORTED: "17",
    Fault.VERSION_NOT_SUPPORTED: "17",
    Fault.CHARACTER_SET_NOT_SUPPORTED: "2",
    Fault.SENDER_UNKNOWN: "23",
    Fault.RECEIVER_WRONG: "7",
    Fault.TEST_NOT_EXPECTED: "25",
    Fault.DUPLICATE: "26",
    Fault.SEGMENT_UNKNOWN: "15",
    Fault.SEGMENT_NOT_IN_SET: "15",
    Fault.SEGMENT_MISSING: "13",
    Fault.SEGMENT_OUT_OF_ORDER: "15",
    Fault.SEGMENT_TOO_OFTEN: "35",
    Fault.LOOP_TOO_OFTEN: "36",
    Fault.ELEMENT_MISSING: "13",
    Fault.ELEMENT_MISSING_BESIDE: "13",
    Fault.ELEMENT_EXCLUDED: "15",
    Fault.ELEMENTS_TOO_MANY: "16",
    Fault.COMPONENTS_TOO_MANY: "16",
    Fault.REPEATED_TOO_OFTEN: "35",
    Fault.TOO_SHORT: "40",
    Fault.TOO_LONG: "39",
    Fault.CHARACTER_INVALID: "21",
    Fault.NUMBER_INVALID: "37",
    Fault.DATE_INVALID: "12",
    Fault.TIME_INVALID: "12",
    Fault.CODE_INVALID: "12",
    Fault.VALUE_NOT_KNOWN: "12",
    Fault.VALUE_CONTRADICTS: "12",
}
"""Of element 0085 in CONTRL; of a syntax version it is `SYNTAX_NOT_SUPPORTED`."""

SYNTAX_NOT_SUPPORTED: Final = "2"

MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "AK3": {
        "1": "unknown segment", "2": "unexpected segment", "3": "mandatory segment missing",
        "4": "loop occurs too often", "5": "segment occurs too often", "6": "segment not in this transaction set",
        "7": "segment out of order", "8": "elements in error", "I4": "segment not used by the guide",
        "I6": "segment missing that the guide demands here", "I7": "loop occurs too seldom",
        "I8": "segment occurs too seldom", "I9": "segment not used by the guide here",
    },
    "AK4": {
        "1": "mandatory element missing", "2": "element missing that another one demands", "3": "too many elements",
        "4": "too short", "5": "too long", "6": "invalid character", "7": "invalid code", "8": "invalid date",
        "9": "invalid time", "10": "element excluded by another one", "12": "too many repetitions",
        "13": "too many components", "I6": "code not used by the guide",
        "I9": "element missing that the guide demands here", "I10": "element not used by the guide",
        "I11": "too few repetitions", "I12": "not of the form that the guide demands",
        "I13": "element not used by the guide here",
    },
    "AK5": {
        "1": "transaction set not supported", "2": "trailer missing", "3": "control numbers differ",
        "4": "number of segments differs", "5": "segments in error", "6": "invalid transaction set identifier",
        "7": "invalid control number", "18": "transaction set not of this group",
        "19": "invalid reference to a guide", "23": "control number not unique in its group",
        "I5": "segments in error by the guide", "I6": "guide not supported",
    },
    "AK9": {
        "1": "group not supported", "2": "version not supported", "3": "trailer missing", "4": "control numbers differ",
        "5": "number of transaction sets differs", "6": "invalid control number",
        "19": "control number not unique in its interchange",
    },
    "TA1": {
        "001": "control numbers differ", "002": "standard not supported", "003": "version not supported",
        "004": "invalid segment terminator", "005": "invalid qualifier of the sender", "006": "invalid sender",
        "007": "invalid qualifier of the receiver", "008": "invalid receiver", "009": "unknown receiver",
        "010": "invalid authorization qualifier", "011": "invalid authorization", "012": "invalid security qualifier",
        "013": "invalid security", "014": "invalid date", "015": "invalid time", "016": "invalid standard",
        "017": "invalid version", "018": "invalid control number", "019": "invalid request for a receipt",
        "020": "invalid usage indicator", "021": "number of groups differs", "022": "invalid control structure",
        "023": "breaks off", "024": "invalid content", "025": "duplicate control number",
        "026": "invalid element separator", "027": "invalid component separator",
    },
    "CONTRL": {
        "2": "syntax version or level not supported", "7": "we are not its receiver", "12": "invalid value",
        "13": "missing", "14": "value not supported here", "15": "not supported here", "16": "too many constituents",
        "17": "no agreement", "18": "unspecified error", "19": "invalid decimal notation",
        "20": "invalid service character", "21": "invalid characters", "22": "invalid service characters",
        "23": "unknown sender", "24": "too old", "25": "test not supported", "26": "duplicate",
        "27": "security not supported", "28": "references do not match", "29": "count does not match",
        "30": "groups and messages mixed", "31": "several types of messages in a group", "32": "nothing in it",
        "33": "stands outside of a message", "34": "nesting not allowed", "35": "repeated too often",
        "36": "segment group repeated too often", "37": "invalid type of characters",
        "38": "digit missing before the decimal mark", "39": "too long", "40": "too short",
        "43": "unknown receiver", "45": "separator at the end", "46": "character set not supported",
        "47": "envelope not supported", "48": "dependency violated",
    },
}  # fmt: skip
"""What the codes mean that partners send, by the segment they stand in; IK3 to IK5 have those of AK3 to AK5."""
