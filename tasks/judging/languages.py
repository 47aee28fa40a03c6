"""Which language a text is in, from its script and its commonest words. No I/O.

Made for one question: did the model answer in the language it was asked for? It says nothing
rather than something doubtful.
"""

from __future__ import annotations

import re
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAMPLE_CHARACTERS: Final = 20_000
_FEWEST_WORDS: Final = 12
_CLEAR_LEAD: Final = 1.3
_SCRIPT_SHARE: Final = 0.3
_COMMON_SHARE: Final = 0.08


def language_code(name: str) -> str | None:
    """`de` for `German`, `Deutsch`, `de` or `de-AT`; None for a language that is not known here."""
    word = name.strip().casefold()
    code = word.replace("_", "-").partition("-")[0]
    return code if code in _NAMES else _CODES.get(word)


def language_name(code: str) -> str:
    return _NAMES[code][0]


def language_names() -> list[str]:
    """The English names of all languages known here."""
    return [names[0] for names in _NAMES.values()]


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the text's main language; None for a short, mixed or unknown one."""
    sample = text[:_SAMPLE_CHARACTERS]
    if sample.isascii():
        return _by_words(sample)
    letters = sum(map(str.isalpha, sample))
    if not letters:
        return None
    by_script = {code: len(pattern.findall(sample)) / letters for code, pattern in _SCRIPTS.items()}
    if by_script["ja"] > _SCRIPT_SHARE / 3:
        return "ja"
    code = max(by_script, key=by_script.__getitem__)
    if by_script[code] > _SCRIPT_SHARE:
        return ("uk" if _UKRAINIAN.search(sample) else "ru") if code == "ru" else code
    return _by_words(sample)


def _by_words(sample: str) -> str | None:
    words = _WORD.findall(sample.casefold())
    if len(words) < _FEWEST_WORDS:
        return None
    hits = {code: [word for word in words if word in common] for code, common in _COMMON.items()}
    weight = {code: sum(1 / _SHARED[word] for word in found) for code, found in hits.items()}
    first, second = sorted(weight, key=weight.__getitem__, reverse=True)[:2]
    enough = len(hits[first]) >= max(3, _COMMON_SHARE * len(words))
    return first if enough and weight[first] >= _CLEAR_LEAD * weight[second] else None


_WORD: Final = re.compile(r"[^\W\d_]+")
_UKRAINIAN: Final = re.compile("[іїєґІЇЄҐ]")
_SCRIPTS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "ja": re.compile("[\u3040-\u30ff]"),
        "zh": re.compile("[\u4e00-\u9fff]"),
        "ko": re.compile("[\uac00-\ud7af]"),
        "ru": re.compile("[\u0400-\u04ff]"),
        "el": re.compile("[\u0370-\u03ff]"),
        "ar": re.compile("[\u0600-\u06ff]"),
        "he": re.compile("[\u0590-\u05ff]"),
        "hi": re.compile("[\u0900-\u097f]"),
        "th": re.compile("[\u0e00-\u0e7f]"),
    }
)

_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("English",),
        "de": ("German", "Deutsch"),
        "fr": ("French", "Français"),
        "es": ("Spanish", "Español", "Castellano"),
        "it": ("Italian", "Italiano"),
        "pt": ("Portuguese", "Português"),
        "nl": ("Dutch", "Nederlands"),
        "pl": ("Polish", "Polski"),
        "sv": ("Swedish", "Svenska"),
        "da": ("Danish", "Dansk"),
        "fi": ("Finnish", "Suomi"),
        "cs": ("Czech", "Čeština"),
        "tr": ("Turkish", "Türkçe"),
        "ja": ("Japanese", "日本語"),
        "zh": ("Chinese", "中文"),
        "ko": ("Korean", "한국어"),
        "ru": ("Russian", "Русский"),
        "uk": ("Ukrainian", "Українська"),
        "el": ("Greek", "Ελληνικά"),
        "ar": ("Arabic", "العربية"),
        "he": ("Hebrew", "עברית"),
        "hi": ("Hindi", "हिन्दी"),
        "th": ("Thai", "ไทย"),
    }
)
_CODES: Final = {name.casefold(): code for code, names in _NAMES.items() for name in names}

_COMMON: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        code: frozenset(words.split())
        for code, words in {
            "en": "the of and to in is that it for you with on as are this be your or we can from have not an by",
            "de": "der die das und ist nicht ein eine zu mit den von sie wir auf für es im dem sich auch wird bei ihr",
            "fr": "le la les de des et est un une pour dans que vous nous pas sur avec ce qui au du plus votre en",
            "es": "el la los las de y que en un una para con por es se su no del lo más como al usted pero si sí le ya muy",
            "it": "il la di che e un una per con non è del della sono si le i gli nel da più come anche questo",
            "pt": "o a os as de que e um uma para com não por em do da no na se seu mais como você ao",
            "nl": "de het een en van is dat niet met voor op zijn te aan u je in ook bij wij er maar naar om",
            "pl": "i w na z do nie się jest że to jak o po dla za od są przez oraz ale czy tym może być",
            "sv": "och att det en ett är som på för med av inte den vi du till har kan om från eller så din",
            "da": "og at det en et er som på for med af ikke den vi du til har kan om fra eller så din de",
            "fi": "ja on ei se että ovat voi kun tai mutta myös joka sen hän me te kuin jos niin ole tämä ne",
            "cs": "a je se v na že to s z do pro jako by ale jsou od po k nebo při jsme které který může",
            "tr": "ve bir bu için ile da de çok daha en ne olarak gibi var olan kadar sonra veya ama her değil",
        }.items()
    }
)
_SHARED: Final = Counter(word for common in _COMMON.values() for word in common)
