"""Settings: one frozen typed object from ``TROTH_*`` variables and ``troth.toml``; the environment wins."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

Sample = Literal["none", "small", "large"]

_PROVIDER = r"^(sandbox|stripe)?/(gift_card|store_credit|card|invoice|other)$"


class Settings(BaseSettings):
    """Everything that can be set from outside; options of ``troth serve`` are passed as arguments and win."""

    model_config = SettingsConfigDict(
        env_prefix="TROTH_", toml_file="troth.toml", frozen=True, extra="forbid", env_ignore_empty=True
    )

    database_url: Annotated[str | None, Field(description="A PostgreSQL 15 or later; unset: the embedded one.")] = None
    data_dir: Annotated[Path, Field(description="Where the embedded PostgreSQL and other local files live.")] = Path(
        "var"
    )
    host: Annotated[str, Field(description="Address the server listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port it listens on; 0 takes a free one.")] = 8080
    workers: Annotated[int, Field(ge=1, le=256, description="Number of API processes.")] = 1
    api_key: Annotated[
        SecretStr | None, Field(description="The first administrator's key; unset: one is made and printed once.")
    ] = None
    sample: Annotated[Sample, Field(description="Sample retailer to load into an empty database.")] = "none"
    bus_url: Annotated[str | None, Field(description="An external bus to hand events to; unset: none.")] = None
    pool_size: Annotated[int, Field(ge=2, le=1000, description="Database connections per process, at most.")] = 10
    lock_timeout_ms: Annotated[
        int, Field(ge=1, le=600_000, description="Longest wait for a row lock, in milliseconds.")
    ] = 5_000
    statement_timeout_ms: Annotated[
        int, Field(ge=0, le=3_600_000, description="Longest run of one statement, in milliseconds; 0: no limit.")
    ] = 60_000
    currency: Annotated[
        str,
        Field(pattern="^[A-Z]{3}$", description="The one currency (ISO 4217) of costs, rate cards and rules."),
    ] = "USD"
    cart_units_max: Annotated[
        int | None, Field(ge=1, description="Most units that one customer's carts keep at a time; unset: no limit.")
    ] = None
    exception_horizon_hours: Annotated[
        int,
        Field(ge=1, le=8_760, description="Hours before its promise is missed from which an exception grows."),
    ] = 72
    exception_due_percent: Annotated[
        int,
        Field(ge=0, le=10_000, description="By so much it has grown when the promise is missed."),
    ] = 100
    exception_past_percent: Annotated[
        int, Field(ge=0, le=1_000, description="By so much it grows with each hour after that.")
    ] = 2
    exception_margin_percent: Annotated[
        int,
        Field(ge=0, le=1_000, description="So much of the margin counts beside what is owed."),
    ] = 100
    warm_balances_max: Annotated[
        int, Field(ge=0, le=20_000_000, description="Most balances that an API process loads when it starts; 0: none.")
    ] = 2_000_000
    payment_providers: Annotated[
        dict[str, Annotated[str, Field(pattern=_PROVIDER)]],
        Field(description="Whose payments are settled here: gateway/kind by provider."),
    ] = {
        "sandbox": "sandbox/card",
        "sandbox_gift_card": "sandbox/gift_card",
        "sandbox_store_credit": "sandbox/store_credit",
        "stripe": "stripe/card",
        "invoice": "/invoice",
    }
    sandbox_secret: Annotated[
        SecretStr | None, Field(description="What signs notices of the sandbox gateway; unset: it sends none.")
    ] = None
    stripe_api_key: Annotated[SecretStr | None, Field(description="Stripe's secret key; unset: no such gateway.")] = (
        None
    )
    stripe_webhook_secret: Annotated[
        SecretStr | None, Field(description="What signs Stripe's notices; unset: none is taken.")
    ] = None
    stripe_url: Annotated[str | None, Field(description="Where Stripe's API is; unset: at Stripe's.")] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severe message that is logged.")
    ] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in the order in which they win: arguments, environment, file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(**options: Any) -> Settings:
    """Return the settings; ``options`` that are not None win over environment and file.

    Raises pydantic's ValidationError, which names the variable and the reason.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return Settings(**given)
