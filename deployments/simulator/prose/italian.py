"""Italian."""

from __future__ import annotations

from deployments.simulator.prose.shape import Prose, lines

ITALIAN = Prose(
    openings=lines("""
        Per capire «{t}» conviene guardare una parte alla volta, ed è ciò che fa questo testo.
        Chi ha lavorato su «{t}» lo sa: la prima risposta è di rado l’ultima. Ecco che cosa regge.
        Qui si parla di «{t}»: a che cosa serve, che cosa può andare storto e da dove cominciare.
    """),
    covered="Argomenti trattati: {l}.",
    brief="La richiesta è «{q}», e ogni sezione vi ritorna.",
    headings=lines("""
        Uno sguardo a {p}
        Le ragioni di {p}
        A che cosa badare con {p}
        Primi passi con {p}
        Note su {p}
    """),
    sentences=lines("""
        Con «{p}» si scrive prima lo scopo e solo dopo il modo.
        Gran parte del lavoro intorno a «{p}» sta nei casi che all’inizio nessuno ha nominato.
        Una piccola prova mostra in pochi giorni quanto regge l’idea di «{p}» nell’uso quotidiano.
        Chi si occupa di «{p}» ogni settimana ne conosce a memoria i due punti deboli.
        Una sola persona responsabile di «{p}» vale più di un comitato mensile.
        I numeri aiutano anche con «{p}»: misurare oggi e di nuovo fra quattro settimane.
        La prima domanda riguarderà i costi, quindi accanto a «{p}» va messa una cifra con la sua origine.
        Bastano due esempi per rendere concreto «{p}», purché uno sia andato male.
        Ogni decisione su «{p}» merita una nota sulle alternative scartate.
        La versione più semplice di «{p}» spesso basta ed è la più facile da sostituire.
        Provare «{p}» sui casi reali del mese scorso insegna più di qualsiasi scenario inventato.
        Oltre un certo punto, altro lavoro su «{p}» non rende più, e quel punto arriva presto.
        Intorno a «{p}» serve un linguaggio piano, perché chi legge ha fretta.
        Un elenco di cinque righe aiuta con «{p}» più di un manuale che nessuno apre.
        Conviene sentire chi dipende da «{p}» e non ha ancora parlato: la risposta è breve e utile.
        Va fissata una data per rivedere «{p}», dicendo prima che cosa conterebbe come successo.
        Una volta chiarito «{p}», le altre scelte diventano più piccole.
        La frase più utile su «{p}» è quella che dice quando farne a meno.
    """),
    flaws=lines("""
        Lo sanno tutti che niente al mondo è pari a «{p}».
        Va da sé che tutti questi problemi spariscono grazie a «{p}».
        Nel mondo frenetico di oggi nessuno può ignorare «{p}».
        In fin dei conti si potrebbe dire molto altro su «{p}».
    """),
    closings=lines("""
        In breve, «{t}» dipende da poche decisioni, economiche oggi e costose domani.
        Meglio cominciare in piccolo, annotare quel che si impara e costruire «{t}» su ciò che funziona.
    """),
)
