"""Portuguese."""

from __future__ import annotations

from deployments.simulator.prose.shape import Prose, lines

PORTUGUESE = Prose(
    openings=lines("""
        Para entender «{t}» convém ver uma parte de cada vez, e é isso que este texto faz.
        Quem já trabalhou com «{t}» sabe que a primeira resposta raramente é a última. Eis o que se mantém.
        Este texto trata de «{t}»: para que serve, o que pode correr mal e por onde começar.
    """),
    covered="Temas abordados: {l}.",
    brief="O pedido diz «{q}», e cada parte volta a ele.",
    headings=lines("""
        Um olhar sobre {p}
        Razões a favor de {p}
        Cuidados com {p}
        Primeiros passos com {p}
        Notas sobre {p}
    """),
    sentences=lines("""
        Com «{p}», escreve-se primeiro o objetivo e só depois o modo.
        A maior parte do trabalho em torno de «{p}» está nos casos que ninguém mencionou no início.
        Um pequeno teste mostra em poucos dias quanto vale a ideia de «{p}» no uso diário.
        Quem lida com «{p}» todas as semanas diz de memória os dois pontos fracos.
        Uma só pessoa responsável por «{p}» vale mais do que uma comissão mensal.
        Os números ajudam também com «{p}»: medir hoje e voltar a medir daqui a quatro semanas.
        A primeira pergunta será sobre o custo; por isso, ao lado de «{p}» deve haver um valor e a sua origem.
        Dois exemplos bastam para tornar concreto «{p}», desde que um deles tenha corrido mal.
        Cada decisão sobre «{p}» merece uma nota sobre as alternativas postas de lado.
        A versão mais simples de «{p}» costuma bastar e é a mais fácil de substituir.
        Testar «{p}» com os casos reais do mês passado ensina mais do que qualquer cenário inventado.
        A partir de certo ponto, mais esforço em «{p}» deixa de compensar, e esse ponto chega cedo.
        À volta de «{p}» convém uma linguagem simples, porque se lê com pressa.
        Uma lista de cinco linhas ajuda mais com «{p}» do que um manual que ninguém abre.
        Vale a pena ouvir quem depende de «{p}» e ainda não falou; a resposta é curta e útil.
        Há que marcar uma data para rever «{p}» e dizer antes o que contaria como sucesso.
        Uma vez resolvido «{p}», as outras escolhas ficam mais pequenas.
        A frase mais útil sobre «{p}» é a que diz quando passar sem isso.
    """),
    flaws=lines("""
        Toda a gente sabe que nada no mundo se compara a «{p}».
        Escusado será dizer que todos estes problemas desaparecem graças a «{p}».
        No mundo acelerado de hoje ninguém pode ignorar «{p}».
        No fim de contas, muito mais se poderia dizer sobre «{p}».
    """),
    closings=lines("""
        Em resumo, «{t}» depende de poucas decisões, baratas hoje e caras amanhã.
        Convém começar em pequeno, anotar o que se aprende e assentar «{t}» no que funciona.
    """),
)
