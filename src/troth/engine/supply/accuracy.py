"""Learning how often stock is really found: observations folded into evidence by node and category, and by position.

A record is wrong for a position as a whole, so a miss does two things: it counts against its node and category, and it
puts the position itself in doubt. From then on what is seen there tells of that one wrong record and no longer of the
others, so it stays with the position until the doubt is healed.

*Source:* N. DeHoratius and A. Raman, "Inventory record inaccuracy: an empirical analysis", *Management Science* 54
(2008), for what makes records wrong; N. DeHoratius, A. J. Mersereau and L. Schrage, "Retail inventory management when
records are inaccurate", *Manufacturing & Service Operations Management* 10 (2008), for a record as a belief that
observations update; L. Kish, *Survey Sampling* (1965), chapter 5, for the weight of units that are seen together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from troth.model.accuracy import (
    LEARNING,
    CellEvidence,
    CellKey,
    Counted,
    Learning,
    Looked,
    Moved,
    Observation,
    PositionKey,
    PositionRecord,
    PutBack,
)
from troth.model.ids import Sku
from troth.model.value import dataclass

_DAY_SECONDS: Final = 86_400.0
_NOTHING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Learned:
    """The evidence and the records that observations have changed, as they are now."""

    cells: Mapping[CellKey, CellEvidence]
    positions: Mapping[PositionKey, PositionRecord]


def learn(
    observations: Iterable[Observation],
    cells: Mapping[CellKey, CellEvidence],
    positions: Mapping[PositionKey, PositionRecord],
    categories: Mapping[Sku, str],
    learning: Learning = LEARNING,
) -> Learned:
    """What is known once these observations are in, in their order.

    `cells` and `positions` are what was known of what they name; `categories` is the category of each SKU, empty where
    it is missing.
    """
    new_cells: dict[CellKey, CellEvidence] = {}
    new_positions: dict[PositionKey, PositionRecord] = {}
    for one in observations:
        sku, node = one.key
        record = new_positions.get(one.key) or positions.get(one.key)
        category = categories.get(sku, "")
        trials = _trials_of(one)
        after = _update(record, one, category, learning)
        # What is put back told of whatever it would tell of without it: the record as it is after, not before.
        counts_for = after if isinstance(one, PutBack) else record
        if trials is not None and not (counts_for is not None and is_doubted(counts_for, learning)):
            cell = (node, category)
            known = new_cells.get(cell) or cells.get(cell)
            new_cells[cell] = _add_to_cell(known, trials, learning)
        if after is not None and after != record:
            new_positions[one.key] = after
    return Learned(new_cells, new_positions)


def is_doubted(record: PositionRecord, learning: Learning = LEARNING) -> bool:
    """Whether units were missed at a position, and neither a count since then nor enough finds have healed that."""
    if record.missed_at is None or (record.counted_at is not None and record.counted_at >= record.missed_at):
        return False
    return record.found < learning.healing_trials * record.missed


def find_probability(record: PositionRecord, rate: float, now: datetime, learning: Learning = LEARNING) -> float:
    """The probability that a unit on the books of a position is there, where its category and node have this rate.

    Right after a count it is 1; as units move and days go by it nears the position's own rate, which starts at the
    given one and follows what was found and missed there.

    >>> from datetime import UTC, timedelta
    >>> at = datetime(2026, 11, 23, tzinfo=UTC)
    >>> missed = PositionRecord("toys", at, missed=1.0, missed_at=at)
    >>> round(find_probability(missed, 0.95, at), 3), round(find_probability(missed, 0.95, at + timedelta(days=60)), 3)
    (0.633, 0.844)
    >>> counted = replace(missed, counted_at=at + timedelta(hours=1))
    >>> find_probability(counted, 0.95, at), round(find_probability(replace(counted, moved=20), 0.95, at), 3)
    (1.0, 0.817)
    """
    weight = _weight(record.as_of, now, learning.position_half_life_days)
    strength = learning.position_trials
    own = (strength * rate + weight * record.found) / (strength + weight * (record.found + record.missed))
    if record.counted_at is None or (record.missed_at is not None and record.missed_at > record.counted_at):
        return own
    days = max(0.0, (now - record.counted_at).total_seconds()) / _DAY_SECONDS
    freshness = float(0.5 ** (record.moved / learning.drift_units + days / learning.drift_days))
    return freshness + (1.0 - freshness) * own


def effective_trials(units: float, correlation: float) -> float:
    """How many independent trials units are worth that are found or missed together with a correlation.

    >>> effective_trials(1.0, 0.3), round(effective_trials(10.0, 0.3), 3), effective_trials(10.0, 0.0)
    (1.0, 2.703, 10.0)
    """
    return units / (1.0 + (units - 1.0) * correlation) if units > 1.0 else units


@dataclass(frozen=True, slots=True)
class _Trials:
    """Units asked for and found at an instant; where they are `taken_back` they count for nothing any more."""

    at: datetime
    asked: int
    found: float
    taken_back: bool = False


def _trials_of(one: Observation) -> _Trials | None:
    """What an observation says about finding units; None where it says nothing, as a count of empty books does."""
    match one:
        case Looked():
            return _Trials(one.at, one.asked, one.found) if one.asked > 0 else None
        case Counted():
            return _Trials(one.as_of, one.books, min(one.counted, one.books)) if one.books > 0 else None
        case PutBack():
            return _Trials(one.at, one.units, one.units, taken_back=True) if one.units > 0 else None
        case Moved():
            return None
        case _:
            assert_never(one)


def _add_to_cell(known: CellEvidence | None, trials: _Trials, learning: Learning) -> CellEvidence:
    cell = known or CellEvidence(trials.at)
    as_of, found, missed = _merge(
        cell.as_of, cell.found, cell.missed, trials, learning.correlation, learning.half_life_days
    )
    if trials.taken_back:
        return CellEvidence(as_of, found, missed, max(0, cell.observations - 1), max(0, cell.units - trials.asked))
    return CellEvidence(as_of, found, missed, cell.observations + 1, cell.units + trials.asked)


def _update(
    record: PositionRecord | None, one: Observation, category: str, learning: Learning
) -> PositionRecord | None:
    """The record after an observation; None where there is nothing to record."""
    match one:
        case Looked():
            return _update_looked(record, one, category, learning)
        case Counted():
            known = record or PositionRecord(category, one.as_of)
            if known.counted_at is not None and known.counted_at > one.as_of:
                return known
            if known.missed_at is None or known.missed_at <= one.as_of:
                known = _with_trials(known, _trials_of(one), learning)
            return replace(known, counted_at=one.as_of, variance=one.counted - one.books, moved=0)
        case Moved():
            return None if record is None else replace(record, moved=record.moved + abs(one.units))
        case PutBack():
            if record is None:
                return None
            known = _with_trials(record, _trials_of(one), learning)
            return replace(known, moved=max(0, known.moved - one.units))
        case _:
            assert_never(one)


def _update_looked(
    record: PositionRecord | None, one: Looked, category: str, learning: Learning
) -> PositionRecord | None:
    """The record after somebody looked; what was found before a miss no longer speaks for the position."""
    missed = one.asked - one.found
    is_miss = missed > _NOTHING
    if record is None and not is_miss:
        return None
    known = record or PositionRecord(category, one.at)
    known = _with_trials(replace(known, found=0.0) if is_miss else known, _trials_of(one), learning)
    known = replace(known, moved=known.moved + round(one.found))
    if not is_miss or (known.missed_at is not None and known.missed_at > one.at):
        return known
    by = "short_pick" if one.by == "pick" else "rejected"
    return replace(known, missed_at=one.at, missed_units=max(1, round(missed)), missed_by=by)


def _with_trials(record: PositionRecord, trials: _Trials | None, learning: Learning) -> PositionRecord:
    if trials is None:
        return record
    as_of, found, missed = _merge(
        record.as_of, record.found, record.missed, trials, learning.correlation, learning.position_half_life_days
    )
    return replace(record, as_of=as_of, found=found, missed=missed)


def _merge(
    as_of: datetime, found: float, missed: float, trials: _Trials, correlation: float, half_life_days: float
) -> tuple[datetime, float, float]:
    """Trials added to others, or taken off them, at the later of their instants, so that the order in which they come
    does not matter.
    """
    at = max(as_of, trials.at)
    before, now = _weight(as_of, at, half_life_days), _weight(trials.at, at, half_life_days)
    effective = effective_trials(trials.asked, correlation) * now
    if trials.taken_back:
        return at, max(0.0, found * before - effective), missed * before
    share = trials.found / trials.asked
    return at, found * before + effective * share, missed * before + effective * (1.0 - share)


def _weight(since: datetime, at: datetime, half_life_days: float) -> float:
    """What is left of the weight of something seen at an instant."""
    days = max(0.0, (at - since).total_seconds()) / _DAY_SECONDS
    return float(0.5 ** (days / half_life_days))
