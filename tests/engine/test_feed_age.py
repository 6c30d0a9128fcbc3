"""Late stock feeds: when a node is late, and what is left of the rows of a SKU then."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOW, node
from troth.engine.carriage.network import Network, compile_network
from troth.engine.supply.feed_age import NEVER_FED, fed_at_of, fed_rows, feed_ages, find_late
from troth.engine.supply.supply import SupplyRows
from troth.model.ids import NodeId
from troth.model.inventory import ON_HAND, Source

AT = NOW.timestamp()
PA, IL, CA = (NodeId(name) for name in ("DC-PA", "DC-IL", "DC-CA"))


def _network(fed_hours_ago: dict[NodeId, float], due: int | None = 6) -> Network:
    """Three nodes, of which DC-PA has no feed that is due."""
    network = compile_network((node(PA), node(IL, feed_due_every_hours=due), node(CA, feed_due_every_hours=24)))
    known = {name: AT - hours * 3600.0 for name, hours in fed_hours_ago.items()}
    network.load.feed(fed_at_of(network, known))
    return network


def _rows(network: Network, units: dict[NodeId, int]) -> SupplyRows:
    return SupplyRows(
        np.array([network.index[name] for name in units], dtype=np.int32),
        np.array(list(units.values()), dtype=np.int64),
        np.zeros(len(units)),
        (ON_HAND,) * len(units),
    )


@pytest.mark.parametrize(
    ("hours_ago", "late"),
    [({IL: 6.0, CA: 6.0}, ()), ({IL: 6.001, CA: 6.0}, (IL,)), ({}, (CA, IL)), ({PA: 999.0, IL: 1.0, CA: 25.0}, (CA,))],
)
def test_a_feed_is_late_once_it_is_older_than_it_is_due(hours_ago: dict[NodeId, float], late: tuple[NodeId]) -> None:
    assert find_late(_network(hours_ago), AT) == late


def test_of_what_nobody_knows_nothing_is_said() -> None:
    network = compile_network((node(PA), node(IL, feed_due_every_hours=6)))
    rows = _rows(network, {PA: 3, IL: 4})

    assert find_late(network, AT) == ()
    assert fed_rows(rows, network, AT) is rows
    assert np.isnan(feed_ages(network, AT)).all()


def test_nothing_of_a_late_node_is_left_also_of_what_is_to_come_and_the_rows_say_so() -> None:
    network = _network({IL: 7.0, CA: 1.0})
    index = network.index
    rows = SupplyRows(
        np.array([index[PA], index[IL], index[IL], index[CA]], dtype=np.int32),
        np.array([1, 2, 4, 8], dtype=np.int64),
        np.array([0.0, 0.0, AT + 9.0, 0.0]),
        (ON_HAND, ON_HAND, Source("po/1/1"), ON_HAND),
    )

    left = fed_rows(rows, network, AT)

    assert left.available.tolist() == [1, 0, 0, 8]
    assert left.withheld is not None
    assert left.withheld.tolist() == [0, 2, 4, 0]
    assert left.note == ("feed_late", "6 units are at nodes whose stock feed is late: DC-IL")


@given(st.dictionaries(st.sampled_from([PA, IL, CA]), st.floats(0.0, 100.0)), st.floats(0.0, 100.0))
def test_time_alone_only_ever_makes_nodes_late_and_a_feed_mends_it(
    hours_ago: dict[NodeId, float], later: float
) -> None:
    network = _network(hours_ago)
    then = AT + timedelta(hours=later).total_seconds()
    units = {PA: 3, IL: 4, CA: 5}

    now_left, then_left = (fed_rows(_rows(network, units), network, at).available for at in (AT, then))
    network.load.feed(fed_at_of(network, dict.fromkeys(units, then)))

    assert set(find_late(network, then)) == set()
    assert (then_left <= now_left).all()
    assert fed_rows(_rows(network, units), network, then).available.tolist() == list(units.values())


def test_a_node_that_never_sent_a_feed_is_as_old_as_time() -> None:
    network = _network({})

    assert fed_at_of(network, {}) == {IL: NEVER_FED, CA: NEVER_FED}
    assert feed_ages(network, AT)[network.index[CA]] == AT / 3600.0
