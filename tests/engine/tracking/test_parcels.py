"""What is believed of a parcel does not depend on the order in which its checkpoints come, nor on how often."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW
from troth.engine.tracking.parcels import add_checkpoint, in_order, standing_of
from troth.model.order import Package
from troth.model.tracking import CHECKPOINTS_MAX, EXPLAINED, SAME, Checkpoint, TrackStatus, normalize

STATUSES = st.sampled_from([*(status.value for status in TrackStatus), "weighed"])
CHECKPOINTS = st.lists(
    st.builds(
        Checkpoint,
        status=STATUSES,
        at=st.integers(0, 8).map(lambda hours: NOW + timedelta(hours=hours)),
        place=st.sampled_from(["", "Newark"]),
    ),
    max_size=8,
)


def at(hours: float, status: str) -> Checkpoint:
    return Checkpoint(status, NOW + timedelta(hours=hours))


@given(CHECKPOINTS, st.randoms(use_true_random=False))
def test_any_order_of_arrival_leaves_the_same_belief(checkpoints: list[Checkpoint], chance: object) -> None:
    shuffled = list(checkpoints)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    package, other = Package("1"), Package("1")
    for one in checkpoints:
        package = Package("1", checkpoints=add_checkpoint(package, one))
    for one in (*shuffled, *shuffled):
        other = Package("1", checkpoints=add_checkpoint(other, one))
    assert package == other
    assert standing_of(package.checkpoints) == standing_of(checkpoints) == standing_of(shuffled + checkpoints)


def test_an_earlier_checkpoint_that_comes_late_takes_its_place_and_changes_no_belief() -> None:
    found = standing_of([at(9, "out_for_delivery"), at(2, "handed_over"), at(5, "in_transit")])
    assert (found.status, found.contradictions) == ("out_for_delivery", ())
    assert [one.status for one in in_order([at(9, "delivered"), at(2, "handed_over")])] == ["handed_over", "delivered"]


def test_what_was_delivered_is_not_on_its_way_whatever_a_later_scan_says() -> None:
    later = at(12, "in_transit")
    found = standing_of([at(9, "delivered"), later])
    assert (found.status, found.contradictions) == ("delivered", (later,))


def test_a_carrier_that_sends_back_what_it_had_delivered_is_believed_and_doubted() -> None:
    back = at(12, "returned")
    found = standing_of([at(9, "delivered"), back, at(13, "in_transit")])
    assert (found.status, found.contradictions) == ("returned", (back, at(13, "in_transit")))


def test_what_was_lost_may_be_found() -> None:
    assert standing_of([at(9, "lost"), at(30, "in_transit")]).status == "in_transit"


def test_damage_is_remembered_when_the_parcel_goes_on() -> None:
    found = standing_of([at(2, "damaged"), at(5, "in_transit"), at(9, "delivered")])
    assert (found.status, found.is_damaged) == ("delivered", True)


def test_an_unknown_word_is_kept_and_moves_nothing() -> None:
    assert standing_of([at(1, "in_transit"), at(2, "weighed")]).status == "in_transit"
    assert standing_of([at(2, "weighed")]).last is None


def test_the_newest_estimate_is_the_one_told_last_by_the_carriers_own_time() -> None:
    old = Checkpoint("in_transit", NOW, estimated_delivery_at=NOW + timedelta(days=1))
    new = Checkpoint("delayed", NOW + timedelta(hours=5), estimated_delivery_at=NOW + timedelta(days=3))
    assert standing_of([new, old]).estimated_delivery_at == NOW + timedelta(days=3)


def test_of_too_many_checkpoints_the_first_and_the_newest_are_kept() -> None:
    package = Package("1")
    for hours in range(CHECKPOINTS_MAX + 20):
        package = Package("1", checkpoints=add_checkpoint(package, at(hours, "in_transit")))
    kept = package.checkpoints
    assert (len(kept), kept[0], kept[-1]) == (CHECKPOINTS_MAX, at(0, "in_transit"), at(219, "in_transit"))


def test_every_status_is_explained_and_other_words_mean_one_of_them() -> None:
    assert set(EXPLAINED) == set(TrackStatus)
    assert all(normalize(word) in set(TrackStatus) for word in SAME)
