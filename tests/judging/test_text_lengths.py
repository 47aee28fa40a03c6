"""Texts that are longer, and judges that like that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tasks.judging.text_lengths import GIVE_OR_TAKE, USUAL_TASTE, lengths_of
from tasks.judging.uplift import uplift
from tasks.judging.verdict import pay, verdict


def pairs_of(count, *, taste, gain=0.0, doublings=1.0, spread=0.5, seed=2):
    """Judges give `taste` for a doubling; the made texts are better by `gain` and longer by `doublings`, more or less."""
    random = np.random.default_rng(seed)
    pairs = []
    for _ in range(count):
        topic, own, other = random.uniform(0.3, 0.6), *random.normal(0, spread, 2)
        scores = (topic + gain + taste * (doublings + own), topic + taste * other)
        made, baseline = (score + random.normal(0, 0.05) for score in scores)
        pairs.append((made, round(2 ** (10 + doublings + own)), baseline, round(2 ** (10 + other))))
    return pairs


def found_of(pairs):
    found = uplift([[made - baseline] for made, _, baseline, _ in pairs])
    return found, lengths_of(pairs, found)


def said_of(pairs):
    found, lengths = found_of(pairs)
    return verdict(found, pay(found, 0.01, 1.0), lengths=lengths)


def test_longer_texts_are_reported_with_the_uplift_corrected():
    found, lengths = found_of(pairs_of(200, taste=0.1))
    assert lengths.made / lengths.baseline == pytest.approx(2, rel=0.1)
    assert found.mean == pytest.approx(0.1, abs=0.02)
    assert abs(lengths.corrected) < 0.02
    assert lengths.interval[0] < 0 < lengths.interval[1]
    assert "the texts of the arm made are 2." in lengths.caution
    assert f"the uplift is {lengths.corrected:+.3f}" in lengths.caution


def test_longer_texts_of_the_same_worth_are_not_said_to_help():
    said = said_of(pairs_of(200, taste=0.1))
    assert said.answer == "longer, and not shown to be better"
    assert "with length taken out" in said.words
    assert said_of(pairs_of(200, taste=0.1, gain=0.2)).answer == "helps"


def test_where_all_made_texts_are_as_much_longer_only_a_large_lead_counts():
    """Nothing tells a taste for length from quality there."""
    found, lengths = found_of(pairs_of(400, taste=0.06, spread=0.0))
    assert lengths.per_doubling == USUAL_TASTE
    assert lengths.error == GIVE_OR_TAKE
    assert found.low > 0 > lengths.interval[0]
    assert said_of(pairs_of(400, taste=0.06, spread=0.0)).answer == "longer, and not shown to be better"
    assert said_of(pairs_of(400, taste=0.06, gain=0.2, spread=0.0)).answer == "helps"


def test_a_little_longer_is_warned_of_where_the_lead_follows_length():
    _, lengths = found_of(pairs_of(300, taste=0.1, doublings=0.4))
    assert lengths.made / lengths.baseline < 1.5
    assert "1.3 times as long" in lengths.caution
    _, lengths = found_of(pairs_of(300, taste=0.0, doublings=0.4))
    assert lengths.caution == ""


def test_shorter_texts_are_not_held_to_be_longer():
    _, lengths = found_of(pairs_of(200, taste=0.0, gain=0.2, doublings=-1.0))
    assert "the texts of the arm baseline are 2." in lengths.caution
    assert said_of(pairs_of(200, taste=0.0, gain=0.2, doublings=-1.0)).answer == "helps"


def test_few_pairs_and_texts_without_a_character_are_borne():
    assert lengths_of([]) is None
    one = lengths_of([(0.5, 100, 0.5, 110)])
    assert (one.caution, one.corrected, one.interval) == ("", None, None)
    assert lengths_of([(0.5, 0, 0.5, 10)] * 3).made == 1


def test_pairs_without_a_text_take_no_part_in_what_length_explains():
    _, lengths = found_of(pairs_of(200, taste=0.1))
    assert replace(lengths, share=0.5).explained == pytest.approx(lengths.explained / 2)
