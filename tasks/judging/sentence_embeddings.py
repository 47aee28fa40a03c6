"""Classes by the meaning of sentences, with the optional package `sentence_transformers`.

A model is loaded once per process. The first use of a name may fetch it over the network, as that
package does.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tasks.judging.similarity import nearest_label
from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PACKAGE: Final = "sentence_transformers"
_FLOOR: Final = 0.2


class SentenceEmbeddings:
    """Sorts texts into classes as `NearestExamples` does, by what they mean instead of their words.

    Args:
        examples: texts of each class, as many of one as of another if possible.
        model: its name or folder, as `sentence_transformers` knows it.

    Raises:
        UserError: the package is missing, or has no such model.
    """

    def __init__(self, examples: Mapping[str, Sequence[str]], model: str) -> None:
        self._labels = [label for label, texts in examples.items() for _ in texts]
        self._encoder = _loaded(model)
        texts = [text for each in examples.values() for text in each]
        self._examples = self._vectors(texts) if texts else []

    def classify(self, text: str) -> tuple[str, float]:
        """The class of the nearest examples, and its share of the similarity; ("", 0.0) if none is near."""
        if not self._examples:
            return "", 0.0
        (vector,) = self._vectors([text])
        similarities = [_dot(vector, each) for each in self._examples]
        return nearest_label(similarities, self._labels, _FLOOR)

    def _vectors(self, texts: Sequence[str]) -> list[list[float]]:
        """Unit vectors, one per text, in order."""
        encoded = self._encoder.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return [[float(number) for number in row] for row in encoded]


@cache
def _loaded(model: str) -> Any:
    """The encoder of that name, loaded at the first call for it."""
    try:
        package = import_module(_PACKAGE)
    except ImportError as error:
        raise UserError(
            f"sorting by sentence embeddings needs the package {_PACKAGE} ({error})",
            hint="pip install 'nightpress[embeddings]'",
        ) from error
    try:
        return package.SentenceTransformer(model)
    except (OSError, ValueError) as error:
        raise UserError(f"the sentence embedding model {model!r} cannot be loaded: {error}") from error


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
