"""Whose payments are settled here: the providers of the settings, by the gateway that each is settled through."""

from collections.abc import Collection, Mapping
from typing import Final

from troth.model.payment import Provider, TenderKind

CAPTURES_ONCE: Final = frozenset({"stripe"})
"""The gateways at which the first capture of a payment releases the rest of it."""


def read_providers(given: Mapping[str, str], gateways: Collection[str]) -> dict[str, Provider]:
    """The providers as `gateway/kind` by name. One whose gateway is not set up is left out, as if it were not known.

    >>> read_providers({"shop": "sandbox/card", "stripe": "stripe/card", "invoice": "/invoice"}, {"sandbox"})
    {'shop': Provider(gateway='sandbox', kind=<TenderKind.CARD: 'card'>, captures_once=False), 'invoice': ...}
    """
    found = {}
    for name, told in given.items():
        gateway, _, kind = told.partition("/")
        if not gateway or gateway in gateways:
            found[name] = Provider(gateway, TenderKind(kind), gateway in CAPTURES_ONCE)
    return found
