"""French."""

from __future__ import annotations

from deployments.simulator.prose.shape import Prose, lines

FRENCH = Prose(
    openings=lines("""
        Pour aborder « {t} », mieux vaut prendre les éléments un par un, et c’est ce que fait ce texte.
        Quiconque a travaillé sur « {t} » le sait : la première réponse est rarement la bonne. Voici ce qui tient.
        Il est question ici de « {t} » : à quoi cela sert, ce qui peut mal tourner et par où commencer.
    """),
    covered="Points abordés : {l}.",
    brief="La demande est la suivante : « {q} », et chaque partie y revient.",
    headings=lines("""
        Regard sur {p}
        Les arguments pour {p}
        Points de vigilance : {p}
        Premiers pas avec {p}
        Notes sur {p}
    """),
    sentences=lines("""
        Pour « {p} », écrire d’abord le but, et seulement ensuite la manière.
        L’essentiel du travail autour de « {p} » se trouve dans les cas dont personne n’a parlé au départ.
        Un petit essai montre en quelques jours ce que vaut l’idée derrière « {p} » dans la vie courante.
        Ceux qui s’occupent de « {p} » chaque semaine en citent de mémoire les deux faiblesses.
        Une seule personne responsable de « {p} » vaut mieux qu’un comité mensuel.
        Les chiffres aident aussi pour « {p} » : mesurer aujourd’hui, puis de nouveau dans quatre semaines.
        La première question portera sur le coût, donc placer un montant à côté de « {p} » et dire d’où il vient.
        Deux exemples suffisent à rendre « {p} » concret, pourvu que l’un d’eux ait mal fini.
        Toute décision sur « {p} » mérite une note sur les solutions écartées.
        La version la plus simple de « {p} » suffit souvent, et se remplace sans peine.
        Tester « {p} » sur les cas réels du mois dernier apprend plus qu’un scénario inventé.
        Au-delà d’un certain point, l’effort consacré à « {p} » ne rapporte plus, et ce point arrive tôt.
        Autour de « {p} », le vocabulaire doit rester simple, car les lecteurs sont pressés.
        Une liste de cinq lignes sert mieux « {p} » qu’un manuel que personne n’ouvre.
        Demander l’avis de ceux que touche « {p} » et qui n’ont pas encore parlé : la réponse est courte et utile.
        Fixer une date pour revoir « {p} », et dire d’avance ce qui compterait comme une réussite.
        Une fois « {p} » réglé, les choix qui restent deviennent plus petits.
        La phrase la plus utile sur « {p} » est celle qui dit quand s’en passer.
    """),
    flaws=lines("""
        Tout le monde sait que rien au monde n’égale « {p} ».
        Il va sans dire que tous ces problèmes disparaissent grâce à « {p} ».
        Dans le monde actuel où tout va vite, nul ne peut ignorer « {p} ».
        Au bout du compte, on pourrait dire bien des choses sur « {p} ».
    """),
    closings=lines("""
        En somme, « {t} » tient à quelques décisions, bon marché aujourd’hui et coûteuses plus tard.
        Commencer petit, noter ce que l’on apprend et bâtir « {t} » sur ce qui marche.
    """),
)
