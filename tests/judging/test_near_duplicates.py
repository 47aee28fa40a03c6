"""Near-duplicates: who is found, against whom, and that crowds of the same text are no crowds of pairs. Pure."""

from __future__ import annotations

import random

import pytest

from tasks.judging.near_duplicates import NearDuplicates, similarity
from tasks.judging.word_runs import words_of


def twins(texts: dict[str, str], threshold: float = 0.9) -> dict[str, tuple[str, float]]:
    finding = NearDuplicates(threshold)
    for key, text in texts.items():
        finding.add(key, words_of(text), key.encode())
    return {key: (twin.of, round(twin.similarity, 3)) for key, twin in finding.found().items()}


def drawn(seed: int, words: int = 400) -> list[str]:
    draw = random.Random(seed)
    return [f"w{draw.randrange(3000)}" for _ in range(words)]


def changed(words: list[str], number: int, by: str = "x") -> list[str]:
    """With so many words, evenly spread, replaced: each costs three runs."""
    step = len(words) // number
    return [
        f"{by}{place}" if place % step == 0 and place // step < number else word
        for place, word in enumerate(words)
    ]


def test_every_pair_above_the_threshold_is_found_and_none_below() -> None:
    texts, expected = {}, {}
    for seed in range(60):
        words = drawn(seed)
        texts[f"a{seed:03}"] = " ".join(words)
        texts[f"b{seed:03}"] = " ".join(changed(words, 5))  # 15 runs of 398 on either side: 0.93
        texts[f"c{seed:03}"] = " ".join(changed(words, 10, "y"))  # 0.86
        expected[f"b{seed:03}"] = f"a{seed:03}"
    found = {key: of for key, (of, _) in twins(texts).items()}
    assert found.items() <= expected.items()
    assert len(found) >= 57  # hashing may overlook one in some dozens just above the threshold


def test_what_is_found_does_not_hang_on_the_order_in_which_texts_come() -> None:
    texts = {f"r{number}": " ".join(changed(drawn(1), 1 + number)) for number in range(8)}
    backwards = dict(reversed(texts.items()))
    assert twins(texts, 0.8) == twins(backwards, 0.8) != {}


def test_similarity_is_the_share_of_runs_of_three_words_whatever_their_case_and_signs() -> None:
    texts = {
        "a": " ".join(map(str, range(14))),
        "b": " ".join(map(str, range(15))),
        "c": "A-b, " * 20,
        "d": "a B " * 20,
    }
    assert twins(texts) == {"b": ("a", round(12 / 13, 3)), "d": ("c", 1.0)}


def test_short_texts_may_be_the_same() -> None:
    assert twins({"a": "yes, of course", "b": "yes, of course"}) == {}


def test_scripts_without_spaces_are_compared_by_their_characters() -> None:
    text = "本日は新しい冷蔵庫の使い方についてご説明いたします。まず電源を入れてください。"
    assert twins({"a": text, "b": text.replace("本日", "今日")}, 0.8)["b"][0] == "a"


def test_hundreds_of_the_same_text_are_each_compared_with_the_first_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    monkeypatch.setattr(
        "tasks.judging.near_duplicates.similarity", lambda *each: compared.append(1) or similarity(*each)
    )
    text = " ".join(drawn(1))
    found = twins({f"r{number:04}": text for number in range(500)})
    assert {of for of, _ in found.values()} == {"r0000"}
    assert len(found) == len(compared) == 499


def test_of_texts_longer_than_a_sketch_the_similarity_is_a_good_estimate() -> None:
    words = drawn(1, 20_000)
    found = twins({"a": " ".join(words), "b": " ".join(changed(words, 200))}, 0.8)
    assert found["b"][1] == pytest.approx(19_398 / 20_598, abs=0.02)


def test_a_new_text_is_held_against_those_that_stand_and_then_stands_itself() -> None:
    finding = NearDuplicates(0.9)
    first, second = " ".join(drawn(1)), " ".join(drawn(2))
    for key in ("a", "b", "c"):
        finding.add(key, words_of(first), key.encode())
    assert set(finding.found()) == {"b", "c"}
    assert finding.twin_of("b", words_of(first)).of == "a"  # type: ignore[union-attr]
    assert finding.twin_of("b", words_of(second)) is None
    finding.replace("b", words_of(second))
    assert finding.twin_of("c", words_of(second)).of == "b"  # type: ignore[union-attr]
    finding.replace("a", words_of(" ".join(drawn(3))))
    assert finding.twin_of("c", words_of(first)) is None
