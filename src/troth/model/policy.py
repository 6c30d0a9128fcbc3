"""The policy in force: what the engine weighs, in money, and how long a customer may change their mind."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Weights in minor units of `currency`, and a version that every decision records.

    `split_minor` is paid for each shipment after the first; `delay_minor_per_day` for each line and day that its
    promise is later than the earliest that any node could make, whatever its stock; `late_minor_per_day` for each line
    and day behind its need-by date, on top.
    """

    version: str = "default-1"
    currency: str = "USD"
    remorse_minutes: int = 30
    split_minor: int = 100
    delay_minor_per_day: int = 150
    late_minor_per_day: int = 1000
    shipments_max: int = 8
    pickup_ready_hours: float = 2.0
    alternatives_kept: int = 3
    prices_hours_max: float = 24.0


DEFAULT_POLICY = Policy()
