"""All vocabularies by language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployments.simulator.prose.dutch import DUTCH
from deployments.simulator.prose.english import ENGLISH
from deployments.simulator.prose.french import FRENCH
from deployments.simulator.prose.german import GERMAN
from deployments.simulator.prose.italian import ITALIAN
from deployments.simulator.prose.japanese import JAPANESE
from deployments.simulator.prose.polish import POLISH
from deployments.simulator.prose.portuguese import PORTUGUESE
from deployments.simulator.prose.spanish import SPANISH

if TYPE_CHECKING:
    from deployments.simulator.prose.shape import Prose

PROSE: dict[str, Prose] = {
    "de": GERMAN,
    "en": ENGLISH,
    "es": SPANISH,
    "fr": FRENCH,
    "it": ITALIAN,
    "ja": JAPANESE,
    "nl": DUTCH,
    "pl": POLISH,
    "pt": PORTUGUESE,
}
