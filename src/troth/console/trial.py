"""Trying a routing, a rate card or a lane table on an order: what it would promise beside what is in force does."""

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from troth.console.configuration import FAMILIES
from troth.console.documents import SECTION, missing, version_asked
from troth.console.family_pages import FamilyPages, routed
from troth.console.views_front import FrontView, view_front
from troth.console.views_trace import Bar, stack, tell_removed
from troth.console.views_trial import Compared, compare_candidates
from troth.flows.orders.dry_run import DryRun, dry_run
from troth.flows.publishing.published import read_published
from troth.model.cost_rates import PARTS
from troth.model.front import Front
from troth.model.ids import OrderId, named_order
from troth.model.plan import Plan, Shipment
from troth.model.refusals import NotFound
from troth.model.value import dataclass
from troth.pages.desk import Visit
from troth.pages.render import page
from troth.pages.views_refusal import tell_refusal
from troth.store.console import find_order_rows

_RECENT_SHOWN: Final = 8
NOTHING: Final = "without it"
"""What is in force where nothing of the name is."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two plans as it is shown; `parts` are amounts in minor units, in the order of both plans' parts."""

    title: str
    label: str
    tier: str
    plan: Plan
    total_minor: int
    parts: tuple[int, ...]
    bars: tuple[Bar, ...]
    removed: tuple[str, ...]
    shipments: tuple[Shipment, ...]
    fronts: tuple[FrontView, ...]


async def show_trial(pages: FamilyPages, visit: Visit) -> Response:
    """The page on which an order is chosen, with both plans where one is."""
    name, asked = visit.request.path_params["name"], visit.asked("order")
    published = await read_published(visit.system, pages.family, name, version_asked(visit))
    if isinstance(published, NotFound):
        return missing(pages, visit, published)
    order_id = OrderId("") if not asked else named_order(asked)
    has_fronts = visit.asked("front") == "1"
    done = (
        await dry_run(
            visit.system,
            name,
            order_id,
            family=pages.family,
            version=published.document.version,
            is_explained=True,
            has_fronts=has_fronts,
        )
        if asked
        else None
    )
    recent = await find_order_rows(visit.system.pool, order_ids=None, limit=_RECENT_SHOWN)
    return page(
        visit,
        "trial.html",
        status=200 if done is None or isinstance(done, DryRun) else 409,
        section=SECTION,
        title=f"Try {name}",
        pages=pages,
        published=published,
        document=published.document,
        asked=asked,
        done=done if isinstance(done, DryRun) else None,
        told=tell_refusal(done) if done is not None and not isinstance(done, DryRun) else ("", ()),
        parts=_parts_of(done) if isinstance(done, DryRun) else (),
        sides=_sides(done) if isinstance(done, DryRun) else (),
        candidates=_candidates(done) if isinstance(done, DryRun) else (),
        node_count=len(visit.system.door.reference.network.nodes),
        has_fronts=has_fronts,
        recent=recent,
        zone_of=visit.zone_of,
        currency=visit.system.door.reference.policy.currency,
    )


def _sides(done: DryRun) -> tuple[Side, ...]:
    parts = _parts_of(done)
    dearest = max(done.tried.cost_minor, done.in_force.cost_minor)
    return (
        _side(
            "In force",
            done.in_force_label or NOTHING,
            done.in_force,
            parts,
            dearest,
            _fronts(done.in_force_fronts, done.currency),
        ),
        _side("Tried", done.tried_label, done.tried, parts, dearest, _fronts(done.tried_fronts, done.currency)),
    )


def _candidates(done: DryRun) -> tuple[Compared, ...]:
    if done.why_in_force is None or done.why_tried is None:
        return ()
    return compare_candidates(done.why_in_force, done.why_tried, done.currency)


def _parts_of(done: DryRun) -> tuple[str, ...]:
    """The parts that cost anything in either plan, in the order in which they are always shown."""
    names = {
        part
        for plan in (done.tried, done.in_force)
        for shipment in plan.shipments
        for part, minor in shipment.cost.items()
        if minor
    }
    return tuple(part for part in PARTS if part in names) + tuple(sorted(names - set(PARTS)))


def _fronts(fronts: Sequence[Front], currency: str) -> tuple[FrontView, ...]:
    return tuple(view_front(front, currency) for front in fronts)


def _side(
    title: str, label: str, plan: Plan, parts: Sequence[str], dearest: int, fronts: tuple[FrontView, ...]
) -> Side:
    cost: dict[str, int] = {}
    for shipment in plan.shipments:
        for part, minor in shipment.cost.items():
            cost[part] = cost.get(part, 0) + minor
    return Side(
        title,
        label,
        plan.trace.tier,
        plan,
        plan.cost_minor,
        tuple(cost.get(part, 0) for part in parts),
        stack(cost, parts, dearest),
        tuple(tell_removed(reason, count) for reason, count in sorted(plan.trace.removed.items()) if count),
        plan.shipments,
        fronts,
    )


routes = [routed(pages, "/{name}/try", show_trial, scope="configuration:read") for pages in FAMILIES if pages.is_tried]
