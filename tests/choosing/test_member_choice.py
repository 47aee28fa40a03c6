"""Which voters are asked, of many."""

from __future__ import annotations

import numpy as np
from voters import of, panel

from tasks.choosing.member_choice import chosen_members


def test_weak_ones_are_refused_and_good_ones_taken():
    known = panel(
        3000, {"w1": (0.2, 0.2), "a": (0.6, 0.6), "w2": (0.2, 0.2), "b": (0.6, 0.6), "c": (0.6, 0.6)}
    )
    assert set(chosen_members(known, np.arange(known.n) % 3)) == {"a", "b", "c"}


def test_a_copy_earns_no_place():
    random = np.random.default_rng(1)
    truth = random.integers(0, 10, 2000)
    one = np.where(random.random(2000) < 0.7, truth, random.integers(0, 10, 2000))
    known = of(("one", "copy"), np.stack([one, one], axis=1), truth)
    assert chosen_members(known, np.arange(2000) % 3) == ("one",)
