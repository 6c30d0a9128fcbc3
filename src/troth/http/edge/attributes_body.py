"""What an order says of itself beside its lines, and what of that is kept among its attributes."""

from typing import Annotated, Final

from pydantic import Field

from troth.http.edge.body import Id, Name, Strict, Text
from troth.http.edge.languages import Language
from troth.http.edge.problems import Refused
from troth.model.blanket import BLANKET_ORDER
from troth.model.messages import LANGUAGE_ATTRIBUTE
from troth.model.refusals import FieldFlaw, Invalid

_ATTRIBUTES_MAX: Final = 50


class AttributesBody(Strict):
    """Attributes of an order. The `language` and the `blanket_order` are kept among them."""

    language: Language | None = None
    blanket_order: Annotated[
        Id | None, Field(description="The blanket order from which it calls off, at its prices.")
    ] = None
    attributes: Annotated[dict[Name, Text], Field(max_length=_ATTRIBUTES_MAX, default_factory=dict)]

    def all_attributes(self) -> dict[str, str]:
        """What the channel sent along, with what has a field of its own; Refused where it says two."""
        named = {LANGUAGE_ATTRIBUTE: self.language, BLANKET_ORDER: self.blanket_order}
        given = {name: value for name, value in named.items() if value is not None}
        if not given:
            return self.attributes
        for name, value in given.items():
            if self.attributes.get(name, value) != value:
                raise Refused(Invalid((FieldFlaw(f"/{name}", f"is not that of /attributes/{name}"),)))
        return {**self.attributes, **given}
