"""A trading partner's routing guide: how goods have to come, and what is taken off an invoice where they do not."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from troth.model.measure import half_up
from troth.model.value import dataclass

ROUTING_GUIDE: Final = "routing_guide"
"""The attribute of an order that names the routing guide under which it was promised."""

NO_GUIDES: Final[Mapping[str, "RoutingGuide"]] = MappingProxyType({})
_BASIS: Final = 10_000


@dataclass(frozen=True, slots=True)
class RoutingGuide:
    """What a partner charges back, in minor units of `currency` or in basis points of what goods sell for; each version
    of it has a `name` of its own.

    `carriers` and `services` are those that may bring the goods (none: any): a shipment that goes otherwise costs
    `carrier_minor`. Each shipment after the first costs `split_minor`. A line of a shipment that comes after it is
    needed costs `late_minor` and `late_basis_points`, one that comes too early `early_minor`, and what is not sent of a
    line `short_basis_points`. The ship notice has to be there so many minutes after goods left (`notice_minutes`; None:
    nobody waits for one); without it in time a shipment costs `notice_minor`.
    """

    currency: str
    name: str = ""
    carriers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    carrier_minor: int = 0
    split_minor: int = 0
    late_minor: int = 0
    late_basis_points: int = 0
    short_basis_points: int = 0
    notice_minutes: int | None = None
    notice_minor: int = 0
    early_minor: int = 0

    def takes(self, carrier: str, service: str) -> bool:
        """Whether goods may come so; who carries nothing of their own is no carrier that a partner could refuse.

        >>> guide = RoutingGuide("USD", carriers=("ups",), services=("ground",))
        >>> guide.takes("UPS", "ground"), guide.takes("fedex", "ground"), guide.takes("ups", "air")
        (True, False, False)
        """
        named = {one.casefold() for one in self.carriers}
        is_known = not named or not carrier or carrier.casefold() in named
        return is_known and (not self.services or service in self.services)

    def late_of(self, value_minor: int) -> int:
        """What it costs that goods of so much value (minor units) come late, without the fixed amount.

        >>> RoutingGuide("USD", late_basis_points=300).late_of(4_995)
        150
        """
        return half_up(value_minor * self.late_basis_points, _BASIS)

    def short_of(self, value_minor: int) -> int:
        """What it costs that goods of so much value (minor units) are not sent."""
        return half_up(value_minor * self.short_basis_points, _BASIS)


def flaws_of(guide: RoutingGuide) -> Iterator[tuple[str, str]]:
    """What of a guide means nothing, by field.

    >>> list(flaws_of(RoutingGuide("USD", carrier_minor=500, carriers=("ups",), notice_minor=100)))
    [('late_notice', 'has no meaning without notice_minutes')]
    """
    if guide.carrier_minor and not (guide.carriers or guide.services):
        yield "wrong_carrier", "has no meaning without carriers or services"
    if guide.notice_minor and guide.notice_minutes is None:
        yield "late_notice", "has no meaning without notice_minutes"


def guide_of(attributes: Mapping[str, str], guides: Mapping[str, RoutingGuide]) -> RoutingGuide | None:
    """The guide under which an order with these attributes was promised; None where there is none."""
    return guides.get(attributes.get(ROUTING_GUIDE, "")) if guides else None
