"""Salient phrases of a prompt: runs of words between stop words (RAKE, Rose et al. 2010), quoted ones first. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PHRASES = 14
_HEAD, _TAIL = 2000, 700
_FEWEST_LETTERS = 5
_ENOUGH_PHRASES = 4
_RUN = re.compile(r"[^\W\d_][\w'’+#/-]*(?: [^\W\d_][\w'’+#/-]*)*")
_QUOTED = re.compile(r"[\"“„«「`]([^\"“”„«»「」`\n]{3,60})[\"”“»」`]|\*\*([^*\n]{3,60})\*\*")
_MISSED = re.compile(r"not mention ((?:'[^'\n]{2,80}'(?:, )?)+)")
_FORBIDDEN = re.compile(r"contains ((?:'[^'\n]{2,80}'(?:, )?)+)[^\n]{0,20} must not")
_SINGLE = re.compile(r"'([^'\n]+?)…?'")
_MARKED = re.compile(r"[\"“„«「`*]")
_JAPANESE_RUN = re.compile(r"[一-龥ァ-ヺー]{2,14}")
_NEGATED = re.compile(
    r"(?:must not|do not|don't|never|avoid|without|banned?|remove|forbidden)\b[^.\n]*$", re.IGNORECASE
)


def phrases_of(text: str, topic: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(phrases, banned): at most 14 phrases found verbatim, the most telling first, and those that must not occur.

    A topic says most of it; the paragraph around it helps, the rest of the prompt only where these say too little.
    """
    looked_at = text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    wanted, banned = _complaints(looked_at)
    found = dict.fromkeys(wanted)
    paragraph = _paragraph_of(looked_at, topic)
    for source in (topic, paragraph, looked_at):
        quoted, forbidden = _quoted(source)
        banned += forbidden
        for phrase in (*quoted, *_runs(source)):
            if len(found) < MOST_PHRASES and len(phrase) >= (_FEWEST_LETTERS if phrase.isascii() else 2):
                found[phrase] = None
        if len(found) >= _ENOUGH_PHRASES:
            break
    kept = [phrase for phrase in found if not any(word in phrase.lower() for word in banned)]
    return tuple(kept) or (topic,), banned


def _complaints(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Phrases that were missed in an earlier answer, and phrases that must not occur."""
    wanted = [phrase for list_ in _MISSED.findall(text) for phrase in _SINGLE.findall(list_)]
    banned = [phrase.lower() for list_ in _FORBIDDEN.findall(text) for phrase in _SINGLE.findall(list_)]
    return wanted, tuple(banned)


def _paragraph_of(text: str, topic: str) -> str:
    start = max(text.find(topic[:40]), 0)
    end = text.find("\n\n", start)
    return text[start : end if end > 0 else len(text)]


def _quoted(text: str) -> tuple[dict[str, None], tuple[str, ...]]:
    """Phrases in quotes or bold, in order, and those of them that the sentence forbids, in lower case."""
    found: dict[str, None] = {}
    banned: list[str] = []
    for match in _QUOTED.finditer(text) if _MARKED.search(text) else ():
        phrase = (match[1] or match[2]).strip()
        before = text[max(0, match.start() - 60) : match.start()]
        if _NEGATED.search(before):
            banned.append(phrase.lower())
        elif phrase and not phrase.startswith(("{", "<")):
            found[phrase] = None
    return found, tuple(banned)


def _runs(text: str) -> Iterator[str]:
    """Runs of one to three telling words, in order; in Japanese runs of kanji and katakana."""
    if not text.isascii():
        japanese = _JAPANESE_RUN.findall(text)
        if japanese:
            yield from japanese
            return
    for run in _RUN.finditer(text):
        words: list[str] = []
        for word in run[0].split(" "):
            if word.lower() in _STOP:
                if words:
                    yield " ".join(words[:3])
                    words = []
            else:
                words.append(word)
        if words:
            yield " ".join(words[:3])


_STOP_WORDS = """
a an the and or but nor so of to in on at by for from with without into onto over under about as is are was
were be been being it its this that these those there here what which who whom whose how why when where do
does did done can could should would will shall may might must not no yes than then too very more most less
least any all each every some such only own same other another between your you i we they he she them our us
me my their his her if else also just up out off via per please write draft explain describe summarize
outline create following follow keep apply review polish research post article text words word points point
key make use using need needs has have had give given include including answer reply respond previous output
input task context role format expected simulated title topic audience language der die das den dem des ein
eine einen einem einer und oder aber für mit von aus bei nach zu zum zur im am ist sind war nicht kein wie
wer wo wann auf über unter durch sich es er sie wir ihr ich du bitte schreibe schreiben auch nur noch als
dass wenn sehr mehr wird werden kann können le la les un une de et ou mais pour avec sans dans sur sous par
est sont que qui quoi dont où comment pourquoi ce cet cette ces il elle nous vous ils elles je tu ne pas
plus au aux en se sa son ses leur écrivez el los las una unos y o pero para con sin por qué quién cómo
cuándo dónde su sus al del lo más como este esta estos estas sobre escribe escriba gli uno di da della dei
degli e ma non tra fra che chi cosa come quando dove si più nel nella alla alle ai è sono scrivi os um uma
uns dos na nas nos ao mas com sem são quem onde não escreva het een van voor met zonder op te zijn wat waar
hoe waarom niet ook maar bij naar dat deze dit schrijf w z od dla jest są się nie co kto jak gdzie kiedy
dlaczego ten ta oraz ale lub przez po przy napisz while happens holds vor man ones nobody people actually
below prepare kind reader finished request english german french spanish italian portuguese dutch japanese
good new
"""
_STOP = frozenset(_STOP_WORDS.split())
