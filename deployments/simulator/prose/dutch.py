"""Dutch."""

from __future__ import annotations

from deployments.simulator.prose.shape import Prose, lines

DUTCH = Prose(
    openings=lines("""
        Bij het onderwerp ‘{t}’ helpt het om één deel tegelijk te bekijken, en dat gebeurt hier.
        Wie in de praktijk met ‘{t}’ te maken had, weet dat het eerste antwoord zelden het laatste is. Dit houdt stand.
        Deze tekst gaat over ‘{t}’: waar het om draait, wat er mis kan gaan en wat eerst moet.
    """),
    covered="Aan bod komen: {l}.",
    brief="De opdracht luidt ‘{q}’, en elk deel komt daarop terug.",
    headings=lines("""
        {p} van dichtbij
        Wat voor {p} pleit
        Waar op te letten bij {p}
        Eerste stappen met {p}
        Notities over {p}
    """),
    sentences=lines("""
        Bij ‘{p}’ komt eerst de vraag wat er bereikt moet worden, en pas daarna hoe.
        Het meeste werk rond ‘{p}’ zit in de gevallen waar aan het begin niemand aan dacht.
        Een kleine proef laat binnen enkele dagen zien wat het idee achter ‘{p}’ in de praktijk waard is.
        Wie elke week met ‘{p}’ werkt, noemt de twee zwakke plekken uit het hoofd.
        Eén verantwoordelijke voor ‘{p}’ is meer waard dan een maandelijks overleg.
        Cijfers helpen ook bij ‘{p}’: vandaag meten en over vier weken nog eens.
        De eerste vraag gaat over de kosten, dus naast ‘{p}’ hoort een bedrag met de herkomst ervan.
        Twee voorbeelden maken ‘{p}’ tastbaar, mits er één slecht afliep.
        Bij elk besluit over ‘{p}’ hoort een notitie over de wegen die afvielen.
        De eenvoudigste vorm van ‘{p}’ is vaak genoeg en het makkelijkst te vervangen.
        Een test van ‘{p}’ met echte gevallen van vorige maand vindt meer dan een bedacht scenario.
        Vanaf een zeker punt loont meer werk aan ‘{p}’ niet meer, en dat punt komt vroeg.
        Rond ‘{p}’ hoort gewone taal, want er wordt met haast gelezen.
        Een lijst van vijf regels helpt bij ‘{p}’ meer dan een handleiding die niemand opent.
        Vraag wie met ‘{p}’ te maken krijgt en nog niets zei; het antwoord is kort en nuttig.
        Zet een datum vast voor een tweede blik op ‘{p}’ en zeg vooraf wat als succes telt.
        Is ‘{p}’ eenmaal geregeld, dan worden de overige keuzes kleiner.
        De nuttigste zin over ‘{p}’ zegt wanneer het ook zonder kan.
    """),
    flaws=lines("""
        Iedereen weet dat niets ter wereld kan tippen aan ‘{p}’.
        Het spreekt voor zich dat al deze problemen verdwijnen dankzij ‘{p}’.
        In de snelle wereld van vandaag kan niemand meer heen om ‘{p}’.
        Uiteindelijk valt er nog veel meer te zeggen over ‘{p}’.
    """),
    closings=lines("""
        Al met al hangt ‘{t}’ af van een paar besluiten die nu goedkoop zijn en later duur.
        Begin dus klein, schrijf op wat er geleerd is en bouw ‘{t}’ op wat werkt.
    """),
)
