"""Which requests a stronger model is worth its price for, learnt from simulated rows of known truth."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from tasks.choosing.gain import Example, Router, router

HARD = ("derivative", "lemma", "theorem", "isomorphism")
SOFT = ("holiday", "recipe", "birthday", "garden")
PLAIN = ("today", "please", "write", "about", "some", "thing", "that", "people", "like", "best")


def simulated(number: int, seed: int, *, types: tuple[str | None, ...] = (None,)) -> list[Example]:
    """The strong model is worth 0.6 more where a hard word occurs and 0 where not; half of them have one."""
    random, found = Random(seed), []
    for _ in range(number):
        is_hard = random.random() < 0.5
        words = [random.choice(HARD if is_hard else SOFT), *random.choices(PLAIN, k=random.randint(4, 30))]
        random.shuffle(words)
        gain = float(random.random() < 0.6) if is_hard else random.choice((-1.0, 0.0, 0.0, 0.0, 1.0)) * 0.5
        found.append(Example(" ".join(words), gain, random.choice(types)))
    return found


def mean(values):
    return sum(values) / len(values)


def test_the_gain_is_learnt_from_words_and_holds_for_new_requests():
    known = router(simulated(400, 1))
    new = simulated(200, 2)
    gains = known.gains([each.text for each in new])
    hard = [gain for each, gain in zip(new, gains, strict=True) if any(word in each.text for word in HARD)]
    soft = [gain for each, gain in zip(new, gains, strict=True) if any(word in each.text for word in SOFT)]
    assert mean(hard) == pytest.approx(0.6, abs=0.15)
    assert mean(soft) == pytest.approx(0.0, abs=0.15)


def test_a_type_of_request_has_a_gain_of_its_own():
    rows = [Example(f"question number {n}", float(n % 2), "even" if n % 2 == 0 else "odd") for n in range(60)]
    even, odd = router(rows).gains(["a new question", "a new question"], ["even", "odd"])
    assert odd - even > 0.7


def test_before_any_row_the_harder_request_goes_first():
    easy, hard = Router().gains(["Say hello.", "Which of these is not more than twice the average? " * 4])
    assert hard > easy


def test_a_few_rows_move_little():
    """Three rows that say the opposite of complexity do not turn the order."""
    texts = ["Say hello.", "Which of these is not more than twice the average? " * 4]
    rows = [Example(texts[0], 1.0), Example(texts[1], 0.5), Example(texts[1] + "!", 0.5)]
    easy, hard = router(rows).gains(texts)
    assert hard > easy


def test_what_tells_nothing_of_other_types_is_not_carried_over():
    """By type the gain is as good as random; what is learnt holds within a type and for no new one."""
    gains = dict(zip("abcdefgh", (1.0, 0.0, 0.9, 0.1, 1.0, 0.0, 0.8, 0.1), strict=True))
    random = Random(3)
    rows = [
        Example(f"{' '.join(random.choices(PLAIN, k=8))} {name * 5}", gain, name)
        for name, gain in gains.items()
        for _ in range(25)
    ]
    known = router(rows)
    assert known.learnt.carry < 0.3
    best, worst = known.gains(["some thing that people like aaaaa"] * 2, ["a", "b"])
    assert best - worst > 0.3


def test_the_order_of_the_rows_changes_nothing():
    rows = simulated(80, 4, types=("x", None))
    assert router(rows).plain() == router(rows[::-1]).plain()


def test_it_is_frozen_without_anybodys_text():
    known = router(simulated(60, 5, types=("x", "y", None)))
    plain = orjson.dumps(known.plain())
    again = Router.from_plain(orjson.loads(plain))
    texts, types = ["a theorem about people", "a garden"], ["x", "new"]
    assert again.gains(texts, types) == pytest.approx(known.gains(texts, types), abs=1e-3)
    assert b"theorem" not in plain
    assert len(plain) < 60_000


def test_nothing_known_is_frozen_too():
    assert Router.from_plain({}).gains(["a"]) == Router.from_plain(Router().plain()).gains(["a"])
    assert Router().gains([]) == []
    assert router([]).n == 0
