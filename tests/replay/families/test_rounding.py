"""Frequencies made into choices: each line's shares are kept, and lines with equal shares travel together."""

import numpy as np
import pytest

from troth.replay.families.rounding import Round, round_by_layers, round_dilated


@pytest.mark.parametrize("round_shares", [round_by_layers, round_dilated])
def test_rounding_keeps_the_share_of_each_line_and_source(round_shares: Round) -> None:
    generator = np.random.default_rng(11)
    shares = generator.dirichlet(np.ones(4), 3)
    shares[0] = [0.0, 1.0, 0.0, 0.0]

    chosen = round_shares(shares, 40_000, generator)

    seen = np.array([np.bincount(chosen[:, line], minlength=4) / 40_000 for line in range(3)])
    assert seen == pytest.approx(shares, abs=0.015)


@pytest.mark.parametrize("round_shares", [round_by_layers, round_dilated])
def test_lines_with_equal_shares_travel_together(round_shares: Round) -> None:
    shares = np.tile([0.5, 0.25, 0.25], (4, 1))

    chosen = round_shares(shares, 500, np.random.default_rng(2))

    assert (chosen == chosen[:, :1]).all()
