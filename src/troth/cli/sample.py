"""`troth sample`: load the sample retailer into an empty database."""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final, cast

import typer

from troth.cli.exits import REFUSED, Failed
from troth.cli.running import DatabaseUrl, DataDir, migrated_system, run_loop, running_database, settings_of
from troth.cli.terminal import Steps, say
from troth.flows.door.system import System
from troth.flows.sample import Sample, SampleKey, load_sample
from troth.model.commands import ExpectedLine
from troth.replay.retailer import RetailerSize, make_retailer
from troth.replay.retailer.lockers import make_lockers
from troth.settings import Settings
from troth.store.stock_load import Position

SEED: Final = 2026


class SampleSize(StrEnum):
    """How large the sample retailer is."""

    NONE = "none"
    SMALL = "small"
    LARGE = "large"


class _Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sample")(sample)


def sample(
    size: Annotated[_Size, typer.Argument(help="How large.")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Load the sample retailer into an empty database. A load that was interrupted is finished as it was begun."""
    settings = settings_of(database_url=database_url, data_dir=data_dir)
    with running_database(settings) as dsn:
        if not run_loop(_load(settings, dsn, size.value)):
            raise Failed("The database holds something else already; the sample wants an empty one.", REFUSED)


async def _load(settings: Settings, dsn: str, size: str) -> bool:
    async with migrated_system(settings, dsn) as system:
        return await load_sample_of(system, dsn, size, today=datetime.now(UTC).date())


async def load_sample_of(system: System, dsn: str, size: str, *, today: date) -> bool:
    """Load the sample with progress; False, and a sentence about it, where the database holds something else."""
    with Steps() as steps:
        loaded = await load_sample(system, dsn, SampleKey(size, SEED, today), make_sample, progress=steps.at)
    if loaded is None:
        say("The database is not empty; no sample is loaded.")
        return False
    if loaded.is_new:
        say(f"The {loaded.key.size} sample retailer is loaded.")
    return True


def make_sample(key: SampleKey) -> Sample:
    """The sample retailer as the flow wants it."""
    say(f"Making the {key.size} sample retailer …")
    retailer = make_retailer(cast(RetailerSize, key.size), seed=key.seed, today=key.today)
    return Sample(
        nodes=(*retailer.nodes, *make_lockers(retailer.nodes)),
        items=retailer.items,
        positions=lambda: (Position(sku, node, units) for sku, node, units in retailer.stock()),
        position_count=retailer.positions,
        purchase_orders=[
            (
                order.number,
                tuple(
                    ExpectedLine(number, line.node, line.sku, line.quantity, line.expected_at)
                    for number, line in enumerate(order.lines, start=1)
                ),
            )
            for order in retailer.purchase_orders
        ],
        sales_rates=retailer.sales_rates,
    )
