"""Polish."""

from __future__ import annotations

from deployments.simulator.prose.shape import Prose, lines

POLISH = Prose(
    openings=lines("""
        Temat „{t}” najłatwiej zrozumieć, gdy ogląda się go część po części, i tak jest w tym tekście.
        Kto miał w praktyce do czynienia z tematem „{t}”, wie, że pierwsza odpowiedź rzadko jest ostatnia. Oto, co się sprawdza.
        Ten tekst dotyczy tematu „{t}”: o co w nim chodzi, co może pójść źle i od czego zacząć.
    """),
    covered="Omawiane zagadnienia: {l}.",
    brief="Polecenie brzmi „{q}” i każda część do niego wraca.",
    headings=lines("""
        Z bliska: {p}
        Co przemawia za: {p}
        Na co uważać: {p}
        Pierwsze kroki: {p}
        Notatki: {p}
    """),
    sentences=lines("""
        W sprawie „{p}” najpierw zapisuje się cel, a dopiero potem sposób.
        Większość pracy wokół zagadnienia „{p}” tkwi w przypadkach, o których na początku nikt nie wspomniał.
        Mała próba pokazuje w kilka dni, ile wart jest pomysł „{p}” na co dzień.
        Kto co tydzień zajmuje się zagadnieniem „{p}”, z pamięci wymieni dwa słabe punkty.
        Jedna osoba odpowiedzialna za „{p}” jest warta więcej niż komisja raz w miesiącu.
        Liczby pomagają także tutaj („{p}”): zmierzyć dziś i jeszcze raz za cztery tygodnie.
        Pierwsze pytanie padnie o koszt, więc obok hasła „{p}” musi stać kwota i jej źródło.
        Dwa przykłady wystarczą, by pokazać „{p}” konkretnie, o ile jeden z nich skończył się źle.
        Każda decyzja w sprawie „{p}” zasługuje na notatkę o odrzuconych możliwościach.
        Najprostsza wersja rozwiązania „{p}” zwykle wystarcza i najłatwiej ją zastąpić.
        Sprawdzenie zagadnienia „{p}” na prawdziwych przypadkach z zeszłego miesiąca uczy więcej niż wymyślony scenariusz.
        Od pewnego miejsca dalsza praca nad tematem „{p}” przestaje się opłacać, i to miejsce przychodzi wcześnie.
        O temacie „{p}” trzeba pisać prosto, bo czyta się w pośpiechu.
        Lista pięciu punktów daje w sprawie „{p}” więcej niż podręcznik, którego nikt nie otwiera.
        Warto zapytać tych, których dotyczy „{p}”, a którzy jeszcze się nie odezwali; odpowiedź bywa krótka i pożyteczna.
        Trzeba wyznaczyć dzień na ponowne spojrzenie na „{p}” i z góry powiedzieć, co będzie sukcesem.
        Gdy sprawa „{p}” jest rozstrzygnięta, pozostałe wybory stają się mniejsze.
        Najpożyteczniejsze zdanie o zagadnieniu „{p}” mówi, kiedy się bez niego obejść.
    """),
    flaws=lines("""
        Wszyscy wiedzą, że nic na świecie nie dorówna temu: „{p}”.
        Nie trzeba dodawać, że wszystkie te kłopoty znikają dzięki temu: „{p}”.
        W dzisiejszym pędzącym świecie nikt nie może pominąć hasła „{p}”.
        Koniec końców można by jeszcze wiele powiedzieć o tym: „{p}”.
    """),
    closings=lines("""
        Podsumowując, „{t}” zależy od kilku decyzji, dziś tanich, a później drogich.
        Najlepiej więc zacząć od małego, zapisać wnioski i oprzeć „{t}” na tym, co działa.
    """),
)
