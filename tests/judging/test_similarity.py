"""Closeness of texts.

Accuracy, measured with ten examples of each of three classes: 32 of 40 requests are sorted right, all 25
that share words with the examples and 7 of 15 that hardly share any (chance would be 5). Of those with a
confidence above 0.8, which is where a route acts by default, all are right.
"""

from __future__ import annotations

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.judging.similarity import NearestExamples, Similarity, medoid, nearest_label

EXAMPLES = {
    "technical": [
        "Fix the failing unit test in our Python parser",
        "Explain how a B-tree index speeds up a SQL query",
        "Write a Dockerfile for a Django application",
        "Debug a memory leak in a Node.js server",
        "Implement binary search in Rust with tests",
        "How do I configure nginx as a reverse proxy?",
        "Review this pull request for security bugs",
        "Design a REST API for a booking system",
        "Optimise this slow PostgreSQL query",
        "Compare Kafka and RabbitMQ for event streaming",
    ],
    "creative": [
        "Write a short poem about autumn leaves",
        "Tell a bedtime story about a brave hedgehog",
        "Invent a slogan for a small coffee roastery",
        "Write a haiku on the first snow",
        "Compose song lyrics about leaving home",
        "Draft the opening scene of a crime novel",
        "Make up a fairy tale in which the dragon wins",
        "Write a dialogue between the moon and the sea",
        "Give me a funny limerick about a cat",
        "Imagine a letter from a lighthouse keeper",
    ],
    "general": [
        "What are the opening hours of museums in Vienna?",
        "Summarise this news article in three sentences",
        "How long should I boil an egg?",
        "What is the capital of Australia?",
        "Give me tips for sleeping better",
        "Translate this email into French",
        "Plan a three day trip to Lisbon",
        "Which documents do I need to renew my passport?",
        "How much water should I drink every day?",
        "Explain the rules of chess to a beginner",
    ],
}
NEAR = [
    ("technical", "Write unit tests for the Python parser of our API"),
    ("technical", "Why is my SQL query slow without an index?"),
    ("technical", "Configure a Docker container for a Node.js application"),
    ("technical", "Find the security bug in this server"),
    ("technical", "How do I debug a PostgreSQL deadlock?"),
    ("technical", "Explain memory leaks in Python"),
    ("technical", "nginx returns 502 behind a proxy"),
    ("technical", "Review the REST endpoints of this system"),
    ("creative", "Write a poem about the sea"),
    ("creative", "Tell a story about a dragon and a hedgehog"),
    ("creative", "A haiku on autumn, please"),
    ("creative", "Write lyrics for a song about snow"),
    ("creative", "A slogan for a bakery"),
    ("creative", "Draft a love letter to the sea"),
    ("creative", "The first scene of a fantasy novel"),
    ("creative", "Make up a bedtime story for two cats"),
    ("general", "What is the capital of Canada?"),
    ("general", "How long should I boil potatoes?"),
    ("general", "Translate this letter into German"),
    ("general", "Which documents do I need for a visa?"),
    ("general", "Tips for drinking more water every day"),
    ("general", "What are the rules of football?"),
    ("general", "When do the museums in Lisbon open?"),
    ("general", "Which day is best for a trip to the sea?"),
    ("general", "Explain the news in three sentences"),
]
FAR = [
    ("technical", "My Kubernetes pod keeps crashing on start"),
    ("technical", "Typescript generics: what is a conditional type?"),
    ("technical", "Set up CI for a monorepo"),
    ("technical", "Is gRPC faster than JSON over HTTP?"),
    ("technical", "Write a regular expression that matches IPv6 addresses"),
    ("creative", "A sonnet on grief"),
    ("creative", "Story: two robots fall in love"),
    ("creative", "Name ideas for a pirate ship"),
    ("creative", "A monologue for a tired wizard"),
    ("creative", "Rewrite Little Red Riding Hood as a western"),
    ("general", "Is it worth learning Spanish at fifty?"),
    ("general", "Best way to remove a coffee stain"),
    ("general", "Who won the World Cup in 1998?"),
    ("general", "What should I cook for six guests?"),
    ("general", "How far is the moon?"),
]
GIBBERISH = [
    "", "!?", "🙂🙂", "1234 5678", "xqzv blorf wug snarfle", "asdf qwer zxcv", "жщъ фывапр", "ぬるぽ ガッ",
    "lorem ipsum dolor sit amet consectetur", "Xyzzy plugh frobozz", "quux garply waldo fred",
]  # fmt: skip


@pytest.fixture(scope="module")
def classifier():
    return NearestExamples(EXAMPLES)


def test_requests_that_share_words_with_the_examples_find_their_class(classifier):
    assert [text for label, text in NEAR if classifier.classify(text)[0] != label] == []


def test_the_accuracy_on_requests_that_hardly_share_a_word_is_what_the_docstring_says(classifier):
    assert sum(classifier.classify(text)[0] == label for label, text in FAR) == 7


def test_a_sure_answer_is_right(classifier):
    found = [(label, *classifier.classify(text)) for label, text in NEAR + FAR]
    sure = [(label, said) for label, said, confidence in found if confidence > 0.8]
    assert len(sure) >= 10
    assert all(label == said for label, said in sure)


@pytest.mark.parametrize("text", GIBBERISH)
def test_gibberish_has_no_class_and_no_confidence(classifier, text):
    assert classifier.classify(text) == ("", 0.0)


def test_gibberish_of_any_length_has_no_confidence(classifier):
    chance = random.Random(7)
    for words in (1, 5, 50, 200):
        letters = (
            "".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 9))) for _ in range(words)
        )
        assert classifier.classify(" ".join(letters))[1] == 0


def test_without_examples_nothing_is_known():
    assert NearestExamples({}).classify("anything") == ("", 0.0)
    assert NearestExamples({"a": []}).classify("anything") == ("", 0.0)


def test_an_example_is_of_its_own_class_and_classes_need_no_spaces_between_words():
    classifier = NearestExamples(
        {"天気": ["今日の天気を教えて", "明日は雨ですか"], "料理": ["簡単な夕食のレシピ", "卵料理の作り方"]}
    )
    assert classifier.classify("明日の天気は")[0] == "天気"
    assert classifier.classify("夕食に卵のレシピ")[0] == "料理"


def test_confidence_is_the_share_of_the_nearest_five():
    labels = ["a", "a", "b", "b", "b", "b"]
    assert nearest_label([0.9, 0.5, 0.2, 0.2, 0.2, 0.2], labels, 0.1) == ("a", pytest.approx(0.7))
    assert nearest_label([0.05] * 6, labels, 0.1) == ("", 0.0)
    assert nearest_label([0.3, -0.2], ["a", "b"], 0.1) == ("a", 1.0)


def test_two_hundred_words_are_sorted_in_two_milliseconds(classifier):
    chance = random.Random(3)
    words = [word for _, text in NEAR + FAR for word in text.split()] + [f"word{each}" for each in range(200)]
    texts = [" ".join(chance.choices(words, k=200)) for _ in range(20)]
    seconds = []
    for text in texts:
        begun = time.process_time()
        classifier.classify(text)
        seconds.append(time.process_time() - begun)
    # The median: one slice of a busy machine says nothing.
    assert sorted(seconds)[len(seconds) // 2] < 0.002


def test_a_huge_text_is_compared_at_once():
    begun = time.process_time()
    similarity = Similarity(["a" * 1_000_000, "ab " * 300_000])
    assert similarity.between("a" * 1_000_000, "ab " * 300_000) < 0.5
    assert time.process_time() - begun < 1


def test_the_same_words_in_any_order_are_the_same_text():
    similarity = Similarity(["the cat sat", "a dog ran"])
    assert similarity.between("the cat sat", "Sat: the CAT!") == pytest.approx(1)
    assert similarity.between("the cat sat", "xyz") == 0
    assert similarity.between("", "") == 1
    assert similarity.between("", "the cat sat") == 0


def test_inflected_words_are_nearer_than_others():
    similarity = Similarity(["optimise the queries", "paint a house"])
    assert similarity.between("query optimising", "optimise the queries") > 0.15
    assert similarity.between("query optimising", "paint a house") < 0.02


def test_words_that_all_texts_have_say_less_than_rare_ones():
    similarity = Similarity([f"please write about {topic}" for topic in ("cats", "mars", "jazz", "soup")])
    assert similarity.between("cats", "please write about cats") > similarity.between(
        "please", "please write about cats"
    )


def test_the_medoid_is_the_text_that_the_others_are_near_to():
    texts = ["red apples and pears", "a treatise on locks", "red apples", "red pears and apples too"]
    assert medoid(texts) == 0
    assert medoid(["一番近い文章", "全然違う話", "一番近い文章です"]) == 0
    assert medoid(["only"]) == 0
    assert medoid(["", ""]) == 0


def test_a_tie_goes_to_the_earliest_text():
    assert medoid(["one thing", "another matter"]) == 0
    assert medoid(["other", "same words", "words same"]) == 1


def test_no_texts_have_no_medoid():
    with pytest.raises(ValueError, match="no texts"):
        medoid([])


@given(st.lists(st.text(max_size=60), min_size=1, max_size=5), st.text(max_size=60))
def test_closeness_is_symmetric_and_a_share(texts, other):
    similarity = Similarity(texts)
    there, back = similarity.between(texts[0], other), similarity.between(other, texts[0])
    assert there == pytest.approx(back)
    assert 0 <= there <= 1
    assert similarity.between(texts[0], texts[0]) == 1
    assert 0 <= medoid(texts) < len(texts)
