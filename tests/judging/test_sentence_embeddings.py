"""The optional classifier: without its package, and with a package of the same interface on disk."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest

from tasks.judging import sentence_embeddings
from tasks.judging.sentence_embeddings import SentenceEmbeddings
from tasks.storing.errors import UserError

# What `sentence_transformers` offers, as far as it is used here: vectors over three letters, unit length.
PACKAGE = """
loaded = []

class SentenceTransformer:
    def __init__(self, name):
        if name == "missing":
            raise OSError("no such model")
        loaded.append(name)

    def encode(self, texts, normalize_embeddings, show_progress_bar):
        assert normalize_embeddings and not show_progress_bar
        rows = [[float(text.count(letter)) for letter in "abc"] for text in texts]
        lengths = [sum(number * number for number in row) ** 0.5 or 1.0 for row in rows]
        return [[number / length for number in row] for row, length in zip(rows, lengths)]
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "sentence_transformers.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sentence_transformers", raising=False)
    sentence_embeddings._loaded.cache_clear()
    yield lambda: sys.modules["sentence_transformers"]
    sys.modules.pop("sentence_transformers", None)
    sentence_embeddings._loaded.cache_clear()


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the package is installed here")
def test_without_the_package_the_error_says_what_to_install():
    with pytest.raises(UserError) as error:
        SentenceEmbeddings({"a": ["one"]}, "all-MiniLM-L6-v2")
    assert "sentence_transformers" in error.value.what
    assert error.value.hint == "pip install 'nightpress[embeddings]'"


def test_the_nearest_examples_decide_and_their_share_is_the_confidence(package):
    classifier = SentenceEmbeddings({"a": ["aaa", "aa b"], "c": ["ccc"]}, "letters")
    assert classifier.classify("a") == ("a", 1.0)
    label, confidence = classifier.classify("a c")
    assert label == "a"
    assert 0.5 < confidence < 0.8


def test_what_is_near_nothing_has_no_class(package):
    classifier = SentenceEmbeddings({"a": ["aaa"], "b": ["bbb"]}, "letters")
    assert classifier.classify("ccc") == ("", 0.0)
    assert SentenceEmbeddings({}, "letters").classify("aaa") == ("", 0.0)


def test_a_model_is_loaded_once_per_name(package):
    for name in ("one", "two", "one"):
        SentenceEmbeddings({"a": ["aaa"]}, name).classify("a")
    assert package().loaded == ["one", "two"]


def test_a_model_that_does_not_exist_is_the_users_mistake(package):
    with pytest.raises(UserError, match="'missing' cannot be loaded: no such model"):
        SentenceEmbeddings({"a": ["aaa"]}, "missing")
