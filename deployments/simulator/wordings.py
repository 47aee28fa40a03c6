"""Regular expressions for how people ask: labels, lengths, forms, domains. Tables only."""

from __future__ import annotations

import re

_LABELS = (
    "topic|subject|title|product|headline|question|task|request|thema|titel|betreff|produkt|frage|sujet|titre|produit|objet"
    "|tema|título|asunto|producto|titolo|argomento|oggetto|prodotto|assunto|produto|onderwerp|temat|tytuł|produktu"
    "|トピック|件名|テーマ|主題"
)
LABELS = frozenset(_LABELS.split("|"))
TAGGED = re.compile(r"<(topic|subject|title|product)>\s*([^<\n]+?)\s*</\1")
_GENERIC_TITLES = (
    "task|context|role|draft|drafts|review|instructions|instruction|input|output|format|previous|request"
    "|answer|expected|notes|feedback|outline|background|goal|criteria|rubric|system|material|question"
    "|content|text|your task|your role|previous output|previous step|expected format|expected output"
    "|task context|the draft|the review"
)
GENERIC_TITLES = frozenset(_GENERIC_TITLES.split("|"))
LEADING_VERBS = re.compile(
    r"^(?:please\s+)?(?:research|write|draft|explain|describe|summari[sz]e|outline|create|compose|produce|prepare|discuss"
    r"|analy[sz]e|compare|review|schreibe?n?(?: sie)?|erkläre?n?(?: sie)?|verfasse?n?(?: sie)?|beschreibe?n?(?: sie)?"
    r"|écri(?:s|vez)|rédige[zr]?|explique[zr]?|escrib[ae]|redact[ae]|explica|scrivi|spiega|escreva|explique|schrijf|leg"
    r"|napisz|opisz|wyjaśnij)\s+"
    r"(?:(?:an?|the|ein(?:e|en)?|une?|una?|een|um|uma)\s+)?"
    r"(?:(?:short|long|detailed|technical|brief|blog)\s+)*"
    r"(?:(?:post|article|essay|text|piece|report|artikel|beitrag|aufsatz|billet|artículo|articolo|artigo)\s+)?"
    r"(?:(?:about|on|of|how|über|sur|sobre|su|over|o)\s+)?",
    re.IGNORECASE,
)
TRAILING = re.compile(r"[;:。]\s|\.\s|;$| [–—] | for (?=[a-z ]+;)")
LENGTHS = re.compile(
    r"(?P<count>\d[\d.,]{0,6})(?:\s*(?:-|–|to|and|bis|à|a|tot|do)\s*(?P<upper>\d[\d.,]{0,6}))?[\s-]*"
    r"(?:[Ww]ords?|WORDS|[Ww]örtern?|[Ww]orten?|mots|palabras|parole|palavras|woorden|słów|słowa|字|語|文字)"
)
COMPLAINT = re.compile(r"has [\d,.]+ words, (needs at least|may have at most) (\d[\d,.]*\d|\d)")
"""How our own checks say that a text is too short or too long."""
LEAST = re.compile(
    r"(?:least|minimum|min\.?|more than|over|mindestens|moins|menos|almeno|minstens|najmniej|需|以上)\W*$|≥\s*$|>=\s*$"
)
MOST = re.compile(
    r"(?:most|maximum|max\.?|no more than|under|up to|fewer than|less than|below|höchstens|maximal|plus|máximo|lo más|massimo"
    r"|hoogstens|najwyżej|within)\W*(?:of )?$|≤\s*$|<=\s*$"
)
OUTLINE = re.compile(
    r"\boutline (?:with|the|a|an|of|for|it)\b|\b(?:an?|create|write|detailed) outline\b|\bkey points\b|\bbullet(?:s|ed)?\b"
    r"|\b(?:erstelle|als|eine) gliederung|\bplan détaillé|\bun esquema|\buno schema|\bum esboço|\bzarys",
    re.IGNORECASE,
)
CODE = re.compile(
    r"\b(?:write|implement|create|add|show|fix|refactor|schreibe?|écri[st]|escribe|scrivi)\b[^.\n]{0,60}"
    r"\b(?:function|script|class|query|snippet|program|unit tests?|regex|funktion|skript|fonction|función|funzione)\b"
    r"|\bworking code\b|\bcode in one\b",
    re.IGNORECASE,
)
_CODE_WORDS = (
    "function script class query snippet program test tests regex funktion skript fonction función funzione"
)
CODE_WORDS = frozenset(_CODE_WORDS.split())
_OUTLINE_WORDS = "outline points bullet bullets bulleted gliederung plan esquema schema esboço zarys"
OUTLINE_WORDS = frozenset(_OUTLINE_WORDS.split())
EDITS = re.compile(
    r"\b(?:edit|polish|improve|revise|rewrite|rework|apply|correct|shorten|proofread|translate|fix|merge|combine"
    r"|überarbeite|verbessere|kürze|corrige|améliore|mejora|correggi|migliora)\b",
    re.IGNORECASE,
)
ASKS_JSON = re.compile(
    r"\b(?:respond|reply|answer|return|output)\b[^.\n]{0,40}\b(?:only|valid|just|nothing but|strictly)\b[^.\n]{0,40}\bjson\b",
    re.IGNORECASE,
)
_STEMS = {
    "code": "code codes coding function python javas rust sql bug bugs refac compil api apis progr snipp",
    "analysis": "analy compa resea evalu asses trade data repor accur review",
    "writing": "write writi draft post posts artic blog essay polis rewri style copy schre rédig escri scriv",
    "creative": "story stori poem poems creat ficti sloga tagli novel imagi",
    "support": "custo suppo ticke refun compl apolo order deliv kunde kundi client",
    "translation": "trans übers tradu local",
    "ethics": "ethic bias fair fairn harm harms priva conse polic respo",
    "math": "math mathe equat proof calcu integ proba theor",
}
DOMAIN_STEMS = {stem[:5]: domain for domain, stems in _STEMS.items() for stem in stems.split()}
"""Domain by the first five letters of a word."""
