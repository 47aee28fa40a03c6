"""Which of nine languages a prompt wants its answer in. Pure."""

from __future__ import annotations

import re

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja")
JAPANESE = re.compile(r"[぀-ヿ]")
_LATIN = LANGUAGES[:-1]


def named_language(instructions: str, said: frozenset[str]) -> str | None:
    """The language that the instructions ask for, else the last one they name, None if they name none.

    Args:
        said: the words of `instructions`, in lower case.
    """
    if instructions.isascii() and said.isdisjoint(_BY_NAME):
        return None
    asked = _ASKED.search(instructions)
    if asked:
        return _BY_NAME[asked[1].lower()]
    names = [found[1] or found[2] for found in _NAMED.finditer(instructions)]
    return _BY_NAME[names[-1].lower()] if names else None


def language_of(text: str, words: list[str]) -> str:
    """The language that `text` is written in, by its script, else by its small words; English in doubt.

    Args:
        words: of the beginning of `text`, in lower case.
    """
    if not text.isascii() and len(JAPANESE.findall(text)) * 8 > len(text):
        return "ja"
    counts = dict.fromkeys(_LATIN, 0)
    for word in words:
        for language in _SMALL.get(word, ()):
            counts[language] += 1
    return max(_LATIN, key=counts.__getitem__)


_NAMES = {
    "en": "english englisch anglais inglés inglese inglês engels angielsku 英語",
    "de": "german deutsch allemand alemán tedesco alemão duits niemiecku ドイツ語",
    "fr": "french französisch français francés francese francês frans francusku フランス語",
    "es": "spanish spanisch espagnol español spagnolo espanhol spaans hiszpańsku スペイン語",
    "it": "italian italienisch italien italiano italiaans włosku イタリア語",
    "pt": "portuguese portugiesisch portugais portugués portoghese português portugees portugalsku ポルトガル語",
    "nl": "dutch niederländisch néerlandais neerlandés olandese holandês nederlands niderlandzku オランダ語",
    "pl": "polish polnisch polonais polaco polacco polonês pools polsku polski ポーランド語",
    "ja": "japanese japanisch japonais japonés giapponese japonês japans japońsku 日本語",
}
_BY_NAME = {name: language for language, names in _NAMES.items() for name in names.split()}
_ANY = "|".join(sorted(_BY_NAME, key=len, reverse=True))
_NAMED = re.compile(
    rf"(?:\b(?:in|auf|en|em|po|w języku|into|language|sprache|langue|idioma|lingua|taal|język)\b[\s\"*_]*[:=]?[\s\"*_]*({_ANY})\b)"
    r"|(日本語|英語|ドイツ語|フランス語|スペイン語)で",
    re.IGNORECASE,
)
_ASKED = re.compile(
    rf"\b(?:language\b[^:\n]{{0,40}}:[\s*_]*|(?:writ\w+|text|answer|reply|respond|must be|schreib\w+)\b[^.\n]{{0,40}}\b(?:in|auf)\s+)"
    rf"({_ANY})\b",
    re.IGNORECASE,
)
_SMALL_WORDS = {
    "en": "the of and to for with that this is are by from how what on write about your it as be",
    "de": "der die das und für mit von dem den ein eine ist nicht wie über auf zu im sich bitte",
    "fr": "le la les des et pour avec une du dans est sur que qui au aux vous comment par ce",
    "es": "el los las y para con una del en es que por se cómo sobre al lo un más su",
    "it": "il lo gli e per con una di del della che è un sul come nel alla si più dei",
    "pt": "o os as e para com uma do da em é que por um no na sobre como se dos",
    "nl": "de het een en voor met van dat is op te niet hoe over zijn bij aan wat ook je",
    "pl": "i w na z do dla jest się nie o jak co to oraz że przez czy od po ten",
}
_SMALL: dict[str, list[str]] = {}
for _language, _words in _SMALL_WORDS.items():
    for _word in _words.split():
        _SMALL.setdefault(_word, []).append(_language)
