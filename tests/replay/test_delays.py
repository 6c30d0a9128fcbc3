"""What is measured of nodes and carriers makes estimates better, and finds promises before they are missed."""

from troth.replay.delays import simulate_alerts, simulate_estimates


def test_measured_times_make_estimates_as_sure_as_they_say_they_are() -> None:
    before = simulate_estimates(7, learned=0, judged=150)
    after = simulate_estimates(7, learned=400, judged=150)

    assert before.within_percent < 80.0  # of the 90 that it says
    assert 85.0 <= after.within_percent <= 97.0


def test_missed_promises_are_found_before_they_are() -> None:
    by_chance, overdue = simulate_alerts(7, (0.7,), learned=400, judged=60)

    assert by_chance[0.7].recall >= 0.9
    assert by_chance[0.7].precision > overdue.precision + 0.2
