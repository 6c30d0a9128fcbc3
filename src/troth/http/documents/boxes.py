"""Boxes: versioned, checked, and in force for every node at once."""

from typing import Final

from troth.flows.documents.families import BOXES
from troth.http.documents.document_answer import DocumentAnswer, VersionAnswer
from troth.http.documents.document_operations import operations_of
from troth.model.packing import BoxSet
from troth.model.refusals import FieldFlaw

_EXAMPLE: Final = {
    "padding_mm": 5,
    "boxes": [
        {"box": "S", "name": "Small carton", "inner_mm": [250, 180, 100], "outer_mm": [256, 186, 106],
         "grams_max": 8000, "tare_grams": 90, "cost_minor": 35},
        {"box": "M", "name": "Medium carton", "inner_mm": [400, 300, 200], "outer_mm": [408, 308, 208],
         "grams_max": 20000, "tare_grams": 260, "cost_minor": 85},
    ],
}  # fmt: skip

OPERATIONS = operations_of(
    BOXES,
    DocumentAnswer[BoxSet],
    VersionAnswer[BoxSet],
    name="everyday",
    example=_EXAMPLE,
    flaw=FieldFlaw("/boxes/0/inner_mm/2", "must be above 0 and at most 10,000 (height)"),
)
