"""German."""

from __future__ import annotations

from deployments.simulator.prose.shape import Prose, lines

GERMAN = Prose(
    openings=lines("""
        Beim Thema „{t}“ lohnt es sich, einen Teil nach dem anderen anzusehen, und genau das geschieht hier.
        Wer in der Praxis mit „{t}“ zu tun hatte, weiß: Die erste Antwort ist selten die letzte. Hier steht, was sich bewährt.
        Hier geht es um „{t}“: worauf es ankommt, was schiefgehen kann und was zuerst zu tun ist.
    """),
    covered="Behandelt werden: {l}.",
    brief="Der Auftrag lautet „{q}“, und jeder Abschnitt kommt darauf zurück.",
    headings=lines("""
        Ein genauer Blick auf {p}
        Was für {p} spricht
        Worauf bei {p} zu achten ist
        Erste Schritte mit {p}
        Notizen zu {p}
    """),
    sentences=lines("""
        Am Anfang steht bei „{p}“ die Frage, was erreicht werden soll, und erst danach das Wie.
        Die meiste Arbeit rund um „{p}“ steckt in den Fällen, an die zu Beginn niemand gedacht hat.
        Ein kleiner Versuch zeigt binnen Tagen, was die Überlegungen zu „{p}“ im Alltag aushalten.
        Wer jede Woche mit „{p}“ arbeitet, nennt die beiden Schwachstellen aus dem Kopf.
        Für „{p}“ genügt eine verantwortliche Person, ein monatlicher Ausschuss hilft wenig.
        Zahlen helfen auch bei „{p}“: heute messen, in vier Wochen noch einmal messen, dann urteilen.
        Nach den Kosten wird zuerst gefragt, also gehört neben „{p}“ eine Zahl samt Rechenweg.
        Zwei Beispiele machen „{p}“ greifbar, sofern eines davon schlecht ausgegangen ist.
        Zu jeder Entscheidung über „{p}“ gehört eine Notiz, warum die anderen Wege ausschieden.
        Die einfachste Fassung von „{p}“ reicht oft aus und lässt sich am leichtesten ersetzen.
        Ein Test von „{p}“ an echten Fällen des letzten Monats findet mehr als jedes erdachte Szenario.
        Ab einem gewissen Punkt zahlt sich mehr Aufwand für „{p}“ nicht mehr aus, und er kommt früher als gedacht.
        Rund um „{p}“ sollte die Sprache schlicht bleiben, denn gelesen wird in Eile.
        Eine Liste mit fünf Zeilen hilft bei „{p}“ mehr als ein Handbuch, das niemand aufschlägt.
        Wer von „{p}“ betroffen ist und noch nicht gefragt wurde, gibt meist eine kurze und nützliche Antwort.
        Ein fester Termin für den zweiten Blick auf „{p}“ schützt vor guten Vorsätzen.
        Ist „{p}“ erst einmal geklärt, werden die übrigen Entscheidungen kleiner.
        Der nützlichste Satz über „{p}“ sagt, wann man besser darauf verzichtet.
    """),
    flaws=lines("""
        Jeder weiß doch, dass nichts auf der Welt an „{p}“ heranreicht.
        Selbstverständlich löst sich durch „{p}“ alles ganz von allein.
        In der heutigen schnelllebigen Zeit kommt niemand mehr an „{p}“ vorbei.
        Letztlich ließe sich zu „{p}“ noch vieles sagen, so oder so.
    """),
    closings=lines("""
        Zusammengenommen hängt „{t}“ an wenigen Entscheidungen, die heute billig und später teuer sind.
        Also klein anfangen, Gelerntes aufschreiben und „{t}“ auf dem aufbauen, was funktioniert.
    """),
)
