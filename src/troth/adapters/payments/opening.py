"""Which gateways there are, as the settings say."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from pydantic import SecretStr

from troth.adapters.payments.sandbox import Sandbox
from troth.flows.memory.gateways import Gateways
from troth.flows.memory.providers import read_providers
from troth.model.payment import Provider
from troth.settings import Settings
from troth.store.database import Pool


def settled_providers(settings: Settings) -> dict[str, Provider]:
    """The providers whose payments are settled here."""
    return read_providers(settings.payment_providers, _gateway_names(settings))


@asynccontextmanager
async def open_gateways(
    settings: Settings, pool: Pool, clock: Callable[[], datetime] | None
) -> AsyncIterator[Gateways]:
    """The gateways of a process, on its pool and with its clock; Stripe's library is loaded only where it is asked."""
    sandbox = Sandbox(pool, clock or (lambda: datetime.now(UTC)), _text(settings.sandbox_secret))
    if settings.stripe_api_key is None:
        yield {"sandbox": sandbox}
        return
    from troth.adapters.payments.stripe import Stripe

    stripe = Stripe(
        settings.stripe_api_key.get_secret_value(),
        webhook_secret=_text(settings.stripe_webhook_secret),
        url=settings.stripe_url,
        return_url=settings.stripe_return_url,
        asks_multicapture=settings.stripe_multicapture,
    )
    try:
        yield {"sandbox": sandbox, "stripe": stripe}
    finally:
        await stripe.close()


def _gateway_names(settings: Settings) -> set[str]:
    return {"sandbox"} | ({"stripe"} if settings.stripe_api_key is not None else set())


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
