"""A trading partner's routing guide as it is sent and answered: how goods have to come, and what is charged back."""

from typing import Annotated, Final

import msgspec
from pydantic import Field

from troth.http.edge.body import MoneyBody, Name, Strict
from troth.http.edge.problems import Refused
from troth.http.edge.values import MoneyAnswer, money
from troth.model.refusals import FieldFlaw, Invalid
from troth.model.routing_guide import RoutingGuide, flaws_of

_NAMES_MAX: Final = 50
_MINUTES_MAX: Final = 60 * 24 * 30
_HUNDREDTHS: Final = 100

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class RoutingGuideBody(Strict):
    """How goods have to come to a partner, and what is taken off an invoice where they do not."""

    carriers: Annotated[
        tuple[Name, ...], Field(max_length=_NAMES_MAX, strict=False, description="Who may bring them; none: anybody.")
    ] = ()
    services: Annotated[
        tuple[Name, ...], Field(max_length=_NAMES_MAX, strict=False, description="By which services; none: any.")
    ] = ()
    wrong_carrier: Annotated[
        MoneyBody | None, Field(description="For each shipment by another carrier or service.")
    ] = None
    split: Annotated[MoneyBody | None, Field(description="For each shipment after the first.")] = None
    late: Annotated[MoneyBody | None, Field(description="For each line of a shipment after its `need_by`.")] = None
    late_percent: Annotated[Percent, Field(description="And of what its units sell for.")] = 0.0
    early: Annotated[MoneyBody | None, Field(description="For each line that comes before its `not_before`.")] = None
    short_percent: Annotated[Percent, Field(description="Of what units sell for that are not sent.")] = 0.0
    notice_minutes: Annotated[
        int | None,
        Field(ge=0, le=_MINUTES_MAX, description="The ship notice must be there so long after goods left."),
    ] = None
    late_notice: Annotated[MoneyBody | None, Field(description="For each shipment without its notice in time.")] = None

    def guide(self, currency: str, pointer: str) -> RoutingGuide:
        """The guide that this is, with amounts in the currency of its customer; Refused where something does not
        fit.
        """
        flaws: list[FieldFlaw] = []

        def minor(name: str, given: MoneyBody | None) -> int:
            amount = None if given is None else given.parse(f"{pointer}/{name}")
            if amount is None:
                return 0
            if amount.currency != currency:
                flaws.append(FieldFlaw(f"{pointer}/{name}/currency", f"the customer's currency is {currency}"))
            if amount.minor < 0:
                flaws.append(FieldFlaw(f"{pointer}/{name}/amount", "must not be negative"))
            return amount.minor

        def basis_points(name: str, given: float) -> int:
            if abs(given * _HUNDREDTHS - round(given * _HUNDREDTHS)) > 1e-6:
                flaws.append(FieldFlaw(f"{pointer}/{name}", "has more than two decimals"))
            return round(given * _HUNDREDTHS)

        guide = RoutingGuide(
            currency,
            carriers=self.carriers,
            services=self.services,
            carrier_minor=minor("wrong_carrier", self.wrong_carrier),
            split_minor=minor("split", self.split),
            late_minor=minor("late", self.late),
            late_basis_points=basis_points("late_percent", self.late_percent),
            short_basis_points=basis_points("short_percent", self.short_percent),
            notice_minutes=self.notice_minutes,
            notice_minor=minor("late_notice", self.late_notice),
            early_minor=minor("early", self.early),
        )
        flaws += [FieldFlaw(f"{pointer}/{name}", detail) for name, detail in flaws_of(guide)]
        if flaws:
            raise Refused(Invalid(tuple(flaws)))
        return guide


class RoutingGuideAnswer(msgspec.Struct, frozen=True):
    """A routing guide with the `name` of its version, by which orders say under which they were promised."""

    name: str
    carriers: tuple[str, ...]
    services: tuple[str, ...]
    wrong_carrier: MoneyAnswer
    split: MoneyAnswer
    late: MoneyAnswer
    late_percent: float
    early: MoneyAnswer
    short_percent: float
    notice_minutes: int | None
    late_notice: MoneyAnswer


def answer_guide(guide: RoutingGuide) -> RoutingGuideAnswer:
    """A routing guide as it is answered."""
    return RoutingGuideAnswer(
        guide.name,
        guide.carriers,
        guide.services,
        money(guide.carrier_minor, guide.currency),
        money(guide.split_minor, guide.currency),
        money(guide.late_minor, guide.currency),
        guide.late_basis_points / _HUNDREDTHS,
        money(guide.early_minor, guide.currency),
        guide.short_basis_points / _HUNDREDTHS,
        guide.notice_minutes,
        money(guide.notice_minor, guide.currency),
    )
