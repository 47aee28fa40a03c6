"""Spanish."""

from __future__ import annotations

from deployments.simulator.prose.shape import Prose, lines

SPANISH = Prose(
    openings=lines("""
        Para entender «{t}» conviene ver las partes de una en una, y eso hace este texto.
        Quien ha trabajado con «{t}» sabe que la primera respuesta rara vez es la última. Esto es lo que resiste.
        Este texto trata de «{t}»: para qué sirve, qué puede salir mal y por dónde empezar.
    """),
    covered="Temas tratados: {l}.",
    brief="El encargo dice «{q}», y cada apartado vuelve a ello.",
    headings=lines("""
        Una mirada a {p}
        Razones a favor de {p}
        Qué vigilar con {p}
        Primeros pasos con {p}
        Notas sobre {p}
    """),
    sentences=lines("""
        Con «{p}», primero se escribe el objetivo y solo después la manera.
        La mayor parte del trabajo en torno a «{p}» está en los casos que nadie mencionó al principio.
        Una prueba pequeña muestra en pocos días cuánto aguanta la idea de «{p}» en el uso diario.
        Quienes tratan con «{p}» cada semana nombran de memoria los dos puntos débiles.
        Una sola persona responsable de «{p}» vale más que un comité mensual.
        Los números ayudan también con «{p}»: medir hoy y volver a medir dentro de cuatro semanas.
        La primera pregunta será por el coste, así que junto a «{p}» debe haber una cifra y su origen.
        Dos ejemplos bastan para hacer concreto «{p}», siempre que uno haya salido mal.
        Cada decisión sobre «{p}» merece una nota con las alternativas descartadas.
        La versión más sencilla de «{p}» suele bastar y es la más fácil de sustituir.
        Probar «{p}» con los casos reales del mes pasado enseña más que cualquier supuesto.
        A partir de cierto punto, más esfuerzo en «{p}» deja de compensar, y ese punto llega pronto.
        Alrededor de «{p}» conviene un lenguaje llano, porque se lee con prisa.
        Una lista de cinco líneas ayuda más con «{p}» que un manual que nadie abre.
        Conviene preguntar a quien depende de «{p}» y aún no ha hablado; la respuesta suele ser breve y útil.
        Hay que fijar una fecha para revisar «{p}» y decir antes qué contaría como éxito.
        Resuelto «{p}», las demás decisiones se hacen más pequeñas.
        La frase más útil sobre «{p}» es la que dice cuándo prescindir de ello.
    """),
    flaws=lines("""
        Todo el mundo sabe que nada en el mundo iguala a «{p}».
        Ni que decir tiene que todos estos problemas desaparecen gracias a «{p}».
        En el mundo acelerado de hoy nadie puede ignorar «{p}».
        Al fin y al cabo, podría decirse mucho más de «{p}».
    """),
    closings=lines("""
        En resumen, «{t}» depende de unas pocas decisiones, baratas hoy y caras mañana.
        Conviene empezar en pequeño, anotar lo aprendido y construir «{t}» sobre lo que funciona.
    """),
)
