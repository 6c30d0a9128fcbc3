"""Settings: one frozen typed object from ``TROTH_*`` variables and ``troth.toml``; the environment wins."""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

Sample = Literal["none", "small", "large"]

_PROVIDER = r"^(sandbox|stripe)?/(gift_card|store_credit|card|invoice|other)$"

_MAIL_SERVER: Final = re.compile(r"(smtp|smtp\+starttls|smtps)://[^\s/]")
_SIGNING_SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/]{43,}=*$")


class SimulatedCarrier(BaseModel):
    """How a simulated carrier does: which share of its parcels is late or lost, and how much faster than life it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    delayed_percent: Annotated[float, Field(ge=0, le=100)] = 0.0
    lost_percent: Annotated[float, Field(ge=0, le=100)] = 0.0
    speed: Annotated[float, Field(ge=0.01, le=100_000)] = 1.0


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
    worker_metrics_port: Annotated[
        int | None, Field(ge=1, le=65535, description="Port at which the worker's metrics are read; unset: nowhere.")
    ] = None
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
    shop_name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="In whose name customers are told.",
        ),
    ] = "Our shop"
    public_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^\s<>\"']+$", description="Where customers reach this server; unset: host and port."
        ),
    ] = None
    smtp_url: Annotated[
        SecretStr | None, Field(description="The mail server that customers are told by; unset: no mail is sent.")
    ] = None
    mail_from: Annotated[str | None, Field(description="Address that mail comes from.")] = None
    sms_url: Annotated[SecretStr | None, Field(description="The gateway of text messages; unset: none are sent.")] = (
        None
    )
    sms_body: Annotated[str | None, Field(description="The JSON that the gateway takes, as a template.")] = None
    sms_secret: Annotated[SecretStr | None, Field(description="What signs requests to the gateway.")] = None
    notification_webhook_url: Annotated[
        str | None, Field(description="A system that tells customers itself; unset: none is told.")
    ] = None
    notification_webhook_secret: Annotated[SecretStr | None, Field(description="What signs requests to it.")] = None
    stripe_return_url: Annotated[
        str | None,
        Field(description="Where Stripe sends customers who confirmed a payment; unset: nobody is asked to."),
    ] = None
    stripe_multicapture: Annotated[
        bool, Field(description="Whether a Stripe payment is captured in parts, where account and card allow it.")
    ] = False
    carrier_secrets: Annotated[
        dict[str, SecretStr], Field(description="What signs notices of carriers, by carrier; none: none is taken.")
    ] = {}
    carrier_codes: Annotated[
        dict[str, Literal["x12_214", "iftsta"]],
        Field(description="Whose codes a carrier tells us, by carrier; else they are our words."),
    ] = {}
    carrier_urls: Annotated[
        dict[str, SecretStr], Field(description="Where carriers are asked about parcels, by carrier; none: none is.")
    ] = {}
    carrier_keys: Annotated[dict[str, SecretStr], Field(description="What they are asked with, by carrier.")] = {}
    node_folder: Annotated[
        Path | None,
        Field(description="Where the folders of nodes reached by file are; unset: in data_dir."),
    ] = None
    edi_folder: Annotated[
        Path | None,
        Field(description="Where the folders of trading partners are; unset: in data_dir."),
    ] = None
    simulated_carriers: Annotated[
        dict[str, SimulatedCarrier],
        Field(description="Carriers that are only played, for development: how each does, by name."),
    ] = {"parcel": SimulatedCarrier()}
    karrio_carriers: Annotated[
        dict[str, dict[str, SecretStr]],
        Field(description="Carriers that are reached through karrio: what each account wants to know, by carrier."),
    ] = {}
    gs1_prefix: Annotated[
        str,
        Field(pattern=r"^(\d{7,10})?$", description="GS1 company prefix of which parcels get an SSCC; empty: none do."),
    ] = ""
    font_dirs: Annotated[
        tuple[Path, ...],
        Field(description="Folders of fonts that papers are printed with before those that come along."),
    ] = ()
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severe message that is logged.")
    ] = "info"

    @model_validator(mode="after")
    def _ensure_media_are_whole(self) -> Self:  # noqa: N804 -- after validation it is one of an object
        """Refuse a way to tell customers something of which a part is missing, before anything is sent by it."""
        for url, needed, name in (
            (self.smtp_url, self.mail_from, "mail_from"),
            (self.sms_url, self.sms_secret, "sms_secret"),
            (self.notification_webhook_url, self.notification_webhook_secret, "notification_webhook_secret"),
        ):
            if url is not None and needed is None:
                raise ValueError(f"TROTH_{name.upper()} is required as well")
        if self.smtp_url is not None and not _MAIL_SERVER.match(self.smtp_url.get_secret_value()):
            raise ValueError("TROTH_SMTP_URL must be smtp://, smtp+starttls:// or smtps:// with a host")
        for secret in (self.sms_secret, self.notification_webhook_secret):
            if secret is not None and not _SIGNING_SECRET.match(secret.get_secret_value()):
                raise ValueError("a secret that signs must be whsec_ and 32 bytes or more in base 64")
        return self

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
