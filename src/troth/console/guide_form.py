"""A customer's routing guide as a form holds it; Unfit where a field says nothing that could be set."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from starlette.datastructures import FormData

from troth.console.agreed_forms import amount_in, count_in
from troth.model.credit import CustomerTerms
from troth.model.money import Money
from troth.model.routing_guide import RoutingGuide, flaws_of
from troth.pages.asking import Unfit, text

_MINUTES_MAX: Final = 60 * 24 * 30
_NAMES_MAX: Final = 50
_HUNDREDTHS: Final = 100
_ALL: Final = Decimal(100)


def guide_in(form: FormData, currency: str) -> RoutingGuide:
    """The guide that the form describes; an empty field takes nothing back and asks for nothing."""
    has_notice = bool(text(form, "notice_minutes"))
    guide = RoutingGuide(
        currency,
        carriers=_names(form, "carriers"),
        services=_names(form, "services"),
        carrier_minor=_amount(form, "wrong_carrier", currency),
        split_minor=_amount(form, "split", currency),
        late_minor=_amount(form, "late", currency),
        late_basis_points=_basis_points(form, "late_percent"),
        short_basis_points=_basis_points(form, "short_percent"),
        notice_minutes=count_in(form, "notice_minutes", most=_MINUTES_MAX) if has_notice else None,
        notice_minor=_amount(form, "late_notice", currency),
        early_minor=_amount(form, "early", currency),
    )
    for name, detail in flaws_of(guide):
        raise Unfit(f"{name} {detail}".replace("_", " "))
    return guide


def guide_text(terms: CustomerTerms) -> Mapping[str, str]:
    """The fields of the form for the guide that a customer has; empty where they have none."""
    guide = terms.guide
    if guide is None:
        return {}
    amounts = {
        "wrong_carrier": guide.carrier_minor,
        "split": guide.split_minor,
        "late": guide.late_minor,
        "early": guide.early_minor,
        "late_notice": guide.notice_minor,
    }
    percents = {"late_percent": guide.late_basis_points, "short_percent": guide.short_basis_points}
    return {
        "carriers": ", ".join(guide.carriers),
        "services": ", ".join(guide.services),
        "notice_minutes": "" if guide.notice_minutes is None else str(guide.notice_minutes),
        **{name: Money(minor, guide.currency).amount for name, minor in amounts.items() if minor},
        **{name: f"{Decimal(points) / _HUNDREDTHS:f}" for name, points in percents.items() if points},
    }


def _names(form: FormData, name: str) -> tuple[str, ...]:
    """Names apart by commas, each once."""
    given = [part.strip() for part in text(form, name, length_max=2_000).split(",")]
    names = tuple(dict.fromkeys(part for part in given if part))
    if len(names) > _NAMES_MAX or any(len(part) > _NAMES_MAX or not part.isprintable() for part in names):
        raise Unfit(f"{name} must be at most {_NAMES_MAX} names of at most {_NAMES_MAX} characters")
    return names


def _amount(form: FormData, name: str, currency: str) -> int:
    given = text(form, name)
    return amount_in(given, currency, name.replace("_", " ")) if given else 0


def _basis_points(form: FormData, name: str) -> int:
    what = name.replace("_", " ")
    try:
        percent = Decimal(text(form, name, length_max=20) or "0")
    except InvalidOperation:
        raise Unfit(f"{what} is no number") from None
    points = percent * _HUNDREDTHS
    if not percent.is_finite() or not 0 <= percent <= _ALL or points != points.to_integral_value():
        raise Unfit(f"{what} must be from 0 to 100, with two decimals at most")
    return int(points)
