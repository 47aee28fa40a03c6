"""Remarks on a recipe's `batch` block: what in it comes to nothing. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.patterns.batch_settings import LANGUAGE_COLUMNS
from tasks.patterns.lint_remark import NOT_ACTED_ON, Remark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.patterns.recipe import Recipe


def idle_batch(recipe: Recipe) -> Iterator[Remark]:
    """Bounds of rewriting where nothing is rewritten, a language that nobody can know, a block that asks for nothing."""
    batch = recipe.batch
    if batch is None:
        return
    for name in ("max_rows", "rounds"):
        if batch.then != "refine" and getattr(batch, name) != type(batch).model_fields[name].default:
            what = f"{name!r} bounds how much is written once more, and nothing is: then is {batch.then!r}"
            yield Remark(("batch", name), NOT_ACTED_ON, what, "write then: refine, or leave it out")
    if batch.then == "refine" and not batch.rewrites:
        hint = "raise max_rows, or write then: warn"
        yield Remark(("batch", "max_rows"), NOT_ACTED_ON, "no row may be written once more", hint)
    texts = [name for name, column in recipe.request.items() if column.type == "str"]
    if batch.language is True and not texts:
        what = f"no column says the request's language ({', '.join(LANGUAGE_COLUMNS)}), and none is a text"
        yield Remark(("batch", "language"), NOT_ACTED_ON, what, "name the language, as language: English")
    if not batch.reads_all and batch.then == "warn":
        what = "it asks for nothing: keys are looked for without it"
        yield Remark(("batch",), NOT_ACTED_ON, what, "leave it out, or say what to look for")
