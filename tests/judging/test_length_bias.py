"""How far judges follow length, on simulated scores of known truth."""

from __future__ import annotations

from random import Random

import pytest

from tasks.judging.length_bias import length_slope, longer_preferred, usual_length


def simulated(*, bias: float, skill: float = 0.0, seed: int = 1):
    """Answers of six writers to 150 questions: later writers are better by `skill` and write more."""
    random = Random(seed)
    scores, lengths, questions, writers = [], [], [], []
    for question in range(150):
        asked = random.uniform(6, 12)  # a question that calls for long answers is no bias
        for writer in range(6):
            doublings = asked + 0.5 * writer + random.gauss(0, 1)
            scores.append(10 - asked + skill * writer + bias * doublings + random.gauss(0, 1))
            lengths.append(round(2**doublings))
            questions.append(question)
            writers.append(writer)
    return scores, lengths, questions, writers


def test_the_bias_is_measured_within_questions():
    scores, lengths, questions, _ = simulated(bias=0.5)
    assert length_slope(scores, lengths, questions).per_doubling == pytest.approx(0.5, abs=0.08)
    assert length_slope(scores, lengths).per_doubling < 0  # between questions it looks the other way round


def test_skill_of_writers_who_write_more_is_not_taken_for_bias_within_writers():
    scores, lengths, questions, writers = simulated(bias=0.0, skill=1.0)
    assert length_slope(scores, lengths, questions).per_doubling > 0.3
    assert length_slope(scores, lengths, questions, writers).per_doubling == pytest.approx(0.0, abs=0.08)


def test_corrected_scores_no_longer_follow_length():
    scores, lengths, questions, _ = simulated(bias=0.5)
    slope, usual = length_slope(scores, lengths, questions), usual_length(lengths)
    corrected = [slope.corrected(score, length, usual) for score, length in zip(scores, lengths, strict=True)]
    assert abs(length_slope(corrected, lengths, questions).correlation) < 0.1 < slope.correlation
    assert slope.corrected(7.0, round(usual), usual) == pytest.approx(7.0, abs=0.01)


def test_a_handful_of_texts_shows_no_bias():
    assert abs(length_slope([1.0, 9.0], [100, 200], ["q", "q"]).per_doubling) < 0.25
    assert length_slope([], []).per_doubling == 0


def test_texts_of_one_length_are_no_evidence():
    found = length_slope([1.0, 9.0, 3.0], [50, 50, 50], ["q", "q", "q"])
    assert (found.per_doubling, found.correlation) == (0, 0)


def test_the_longer_texts_share_counts_decided_pairs_of_unlike_length_only():
    assert longer_preferred([1.0, -1.0, 0.0, 1.0], [(9, 3), (9, 3), (9, 3), (5, 5)]) == 0.5
    assert longer_preferred([0.0], [(9, 3)]) is None


def test_an_empty_text_has_a_length_too():
    assert length_slope([1.0, 2.0], [0, 100], ["q", "q"]).n == 2
    assert usual_length([0, 0]) == 1
