"""What can be typed after `nightpress`."""

from __future__ import annotations

import argparse
from datetime import date, timedelta

MOST_NIGHTS = 366
MOST_DAYS = 36500
ABOUT = "Multi-model content production as Prefect data pipelines."


def parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    top = argparse.ArgumentParser(prog="nightpress", description=ABOUT)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _demo(
        commands.add_parser("demo", help="everything on an embedded default: simulated models, local Parquet")
    )
    _run(commands.add_parser("run", help="make content for every request of a table"))
    _check(commands.add_parser("check", help="check a recipe, and with it a models file and a request table"))
    _up(
        commands.add_parser("up", help="a Prefect server with its UI, deployments and a worker, until Ctrl-C")
    )
    _compare(
        commands.add_parser("compare", help="one table by several recipes or single models, judged alike")
    )
    _report(commands.add_parser("report", help="what a committed run came to, here and as one HTML file"))
    _rate(commands.add_parser("rate", help="take in people's ratings of what was made"))
    _cache(commands.add_parser("cache", help="what the ledger holds; why calls would miss; take calls out"))
    _spend(
        commands.add_parser(
            "spend", help="what was spent, and saved: by night, recipe, model, role, provider"
        )
    )
    _replay(commands.add_parser("replay", help="a past run by another recipe, on recorded answers alone"))
    _simulate(commands.add_parser("simulate", help="serve simulated models over real HTTP"))
    _recipes(commands.add_parser("recipes", help="list the recipes that `--recipe` finds by name"))
    _ranking(commands.add_parser("models", help="list the models of a models file, or rank them for a task"))
    _fit(commands.add_parser("fit", help="fit a cascade's thresholds to recorded outcomes"))
    return top


def _recipes(command: argparse.ArgumentParser) -> None:
    _store(command)
    command.add_argument(
        "action",
        nargs="?",
        choices=["publish", "lessons"],
        help="publish: put recipe files into the store; lessons: show what reviewers have taught a recipe",
    )
    command.add_argument("names", nargs="*", metavar="FILE|NAME", help="files to publish, or recipes by name")
    command.add_argument("--forget", action="store_true", help="with lessons: drop them")


def _ranking(command: argparse.ArgumentParser) -> None:
    _models(command)
    _store(command)
    command.add_argument(
        "--for", dest="task", metavar="TASK", help="rank them for this: analysis, writing, ..."
    )
    command.add_argument("--quality", type=_share, metavar="Q", help="the quality it needs, 0 to 1")
    command.add_argument("--complexity", type=_share, metavar="C", help="0 to 1; 0.8 of it is needed quality")
    command.add_argument("--usd-per-call", type=_usd, metavar="USD", help="most that a call may cost")
    command.add_argument("--with", dest="partner", metavar="MODEL", help="the model whose text it works from")
    command.add_argument("--type", dest="request_type", metavar="T", help="the type of request it is for")
    command.add_argument("--tokens-in", type=_positive, metavar="N", help="of the question (default: 1000)")
    command.add_argument("--max-tokens", type=_positive, metavar="N", help="of the answer (default: 2048)")


def _fit(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "outcomes",
        nargs="?",
        metavar="OUTCOMES",
        help="Parquet, CSV or JSONL of request_id, model, signal, quality, usd",
    )
    way = command.add_mutually_exclusive_group()
    way.add_argument(
        "--gain",
        action="store_true",
        help="learn which requests the stronger of two models is worth its price for, by their text, and keep it in the store "
        "for cascades by: gain; OUTCOMES has request_id, model, request (its text), quality, usd, maybe request_type",
    )
    way.add_argument(
        "--together",
        action="store_true",
        help="learn how likely each answer is right from all answers together, and keep it in the store for votes and for "
        "cascades by: belief; OUTCOMES has request_id, model, answer, quality, usd, maybe confidence, length, request_type",
    )
    command.add_argument("--recipe", metavar="R", help="instead: what a store knows of this recipe's ...")
    command.add_argument("--step", metavar="S", help="... step, by its path, such as draft or refine/polish")
    _store(command)
    command.add_argument(
        "--cascade",
        type=_names,
        metavar="A,B,C",
        help="the chain, in order (default: the best of all models)",
    )
    goal = command.add_mutually_exclusive_group(required=True)
    goal.add_argument("--quality", type=_share, metavar="Q", help="wished mean quality; at the least cost")
    goal.add_argument(
        "--usd", type=_usd, metavar="U", help="wished mean cost of a request; of the most quality"
    )
    command.add_argument(
        "--longest",
        type=_positive,
        default=3,
        metavar="N",
        help="most models in a chain that is looked for (default: 3)",
    )


def _up(command: argparse.ArgumentParser) -> None:
    _store(command)
    _models(command)
    command.add_argument("--port", type=_port, default=4200, metavar="N", help="of the UI (default: 4200)")
    command.add_argument("--database", metavar="URL", help="PostgreSQL, asyncpg URL (default: SQLite)")
    command.add_argument("--notify", metavar="URL", help="gets a POST when an automation raises an alert")


def _demo(command: argparse.ArgumentParser) -> None:
    _store(command)
    command.add_argument("--limit", type=_positive, metavar="N", help="make only the first N requests")


def _run(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "requests",
        metavar="REQUESTS",
        help="path, glob, folder or URL of CSV, JSONL or Parquet; may contain {run_date}",
    )
    command.add_argument("--recipe", required=True, metavar="R", help="name or path of a recipe")
    _store(command)
    _models(command)
    command.add_argument("--run", metavar="NAME", help="name of the run (default: recipe and run date)")
    command.add_argument(
        "--run-date",
        type=_dates,
        metavar="D",
        help="the night this is for, YYYY-MM-DD, or a range of nights A..B (default: today)",
    )
    command.add_argument("--budget", type=_usd, metavar="USD", help="most the run may spend")
    command.add_argument(
        "--only",
        choices=["new", "changed", "all"],
        default="all",
        help="which requests to make (default: all)",
    )
    command.add_argument("--limit", type=_positive, metavar="N", help="make at most N requests")
    command.add_argument(
        "--baseline",
        metavar="MODEL:SHARE",
        help="a share of the requests is also worked by this model alone, and both are judged, as in gpt-4:0.1",
    )
    command.add_argument(
        "--concurrency",
        type=_positive,
        default=100,
        metavar="N",
        help="model requests in flight at once (default: 100)",
    )
    command.add_argument("--dry-run", action="store_true", help="read and check everything, make nothing")
    command.add_argument("--fresh", action="store_true", help="reuse no answers of other runs")
    command.add_argument(
        "--replace", action="store_true", help="make the run anew although its inputs changed"
    )


def _compare(command: argparse.ArgumentParser) -> None:
    command.add_argument("requests", metavar="REQUESTS", help="the request table, as for run")
    command.add_argument("--recipe", required=True, metavar="R", help="name or path of the recipe to compare")
    command.add_argument(
        "--with",
        dest="against",
        action="append",
        required=True,
        metavar="R|MODEL",
        help="another recipe, or a model that works each request alone; as often as you like",
    )
    command.add_argument(
        "--judges", type=_names, metavar="A,B", help="who judges (default: as the recipe says)"
    )
    _store(command)
    _models(command)
    command.add_argument("--run", metavar="NAME", help="name of the run (default: compare, recipe and date)")
    command.add_argument("--run-date", type=_date, metavar="D", help="the night this is for (default: today)")
    command.add_argument("--budget", type=_usd, metavar="USD", help="most the run may spend")
    command.add_argument("--limit", type=_positive, metavar="N", help="work at most N requests")
    command.add_argument(
        "--concurrency",
        type=_positive,
        default=100,
        metavar="N",
        help="model requests in flight (default: 100)",
    )
    command.add_argument("--dry-run", action="store_true", help="read and check everything, make nothing")
    command.add_argument("--fresh", action="store_true", help="reuse no answers of other runs")
    command.add_argument(
        "--replace", action="store_true", help="make the run anew although its inputs changed"
    )


def _check(command: argparse.ArgumentParser) -> None:
    command.add_argument("recipe", metavar="R", help="name or path of a recipe")
    _store(command)
    _models(command)
    command.add_argument(
        "--requests", metavar="F", help="a request table to check, and to estimate the cost of"
    )
    command.add_argument(
        "--sample", type=_positive, metavar="N", help="make N rows of F for real, and estimate from them"
    )
    command.add_argument("--run-date", type=_date, metavar="D", help="for {run_date} in F (default: today)")


def _report(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "run", nargs="?", metavar="RUN", help="name of the run (default: the one committed last)"
    )
    _store(command)
    command.add_argument("--open", action="store_true", help="open the HTML in a browser")


def _rate(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file",
        metavar="FILE",
        help="path, glob, folder or URL of CSV, JSONL or Parquet: request_id, run, arm, rater, rating (or thumbs, stars, "
        "chosen), comment, rated_at",
    )
    _store(command)
    command.add_argument("--run", metavar="NAME", help="the run of rows that name none")
    command.add_argument(
        "--arm", choices=["made", "baseline"], default="made", help="of rows that name none (default: made)"
    )
    command.add_argument(
        "--source",
        default="file",
        metavar="NAME",
        help="where ratings come from; of one rater of one source the newest counts (default: file)",
    )
    command.add_argument(
        "--scale",
        choices=["thumbs", "stars", "unit"],
        help="of bare numbers (default: found, where only one fits)",
    )


def _cache(command: argparse.ArgumentParser) -> None:
    _store(command)
    actions = command.add_subparsers(dest="action", metavar="explain|prune")
    explain = actions.add_parser("explain", help="what tonight would be served, what not, why, for how much")
    explain.add_argument("recipe", metavar="R", help="name or path of a recipe, edited as you like")
    explain.add_argument("--requests", required=True, metavar="F", help="the request table")
    _models(explain)
    explain.add_argument("--run-date", type=_date, metavar="D", help="for {run_date} in F (default: today)")
    explain.add_argument("--limit", type=_positive, metavar="N", help="look at the first N requests only")
    explain.add_argument("--request", metavar="ID", help="look at one request, call by call")
    prune = actions.add_parser("prune", help="take calls out of the ledger: they are not reused any more")
    prune.add_argument("--older-than", type=_days, metavar="DAYS", help="finished so long ago, like 90d")
    prune.add_argument("--run", metavar="RUN", help="made by this run")
    prune.add_argument("--recipe", metavar="NAME", help="made by runs of this recipe")
    prune.add_argument("--simulated", action="store_true", help="made by runs with simulated models only")
    prune.add_argument("--dry-run", action="store_true", help="count, and take nothing out")
    for each in (explain, prune):
        _store(each, default=argparse.SUPPRESS)


def _spend(command: argparse.ArgumentParser) -> None:
    _store(command)
    by = ["night", "recipe", "model", "role", "provider"]
    command.add_argument("--by", choices=by, default="night", help="what each line is (default: night)")
    command.add_argument("--since", type=_date, metavar="D", help="nights from this one on, YYYY-MM-DD")
    command.add_argument("--until", type=_date, metavar="D", help="nights up to this one, YYYY-MM-DD")
    command.add_argument("--recipe", metavar="NAME", help="runs of this recipe only")


def _replay(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "run", nargs="?", metavar="RUN", help="whose requests are taken (default: the run committed last)"
    )
    command.add_argument("--recipe", required=True, metavar="NEW", help="name or path of a recipe")
    _store(command)
    _models(command)
    command.add_argument("--limit", type=_positive, metavar="N", help="work at most N requests")
    command.add_argument("--out", metavar="FILE", help="write what each row comes to as Parquet")


def _simulate(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    command.add_argument("--port", type=_port, default=8777, help="0 takes a free one (default: 8777)")
    command.add_argument("--config", metavar="FILE", help="profiles, faults and scripted replies (YAML)")
    command.add_argument("--seed", type=int, metavar="N", help="replaces the config's seed")
    command.add_argument(
        "--replay",
        nargs="+",
        metavar="FILE",
        help="serve the answers recorded in Parquet: files, folders, stores",
    )
    command.add_argument(
        "--columns",
        metavar="MAP",
        help="where they are, if names do not tell: prompt=question,model=model+style",
    )
    command.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="take as long as recorded (1), or X times less (default: no time)",
    )


def _store(command: argparse.ArgumentParser, default: str | None = None) -> None:
    command.add_argument(
        "--store",
        metavar="URL",
        default=default,
        help="path, file:// or s3:// (default: NIGHTPRESS_STORE, a block, ./nightpress-store)",
    )


def _models(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--models", metavar="F", help="models file (default: NIGHTPRESS_MODELS, a block, ./models.yaml)"
    )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write YYYY-MM-DD") from None


def _dates(text: str) -> list[date]:
    """One night, or a range of nights with both ends."""
    first, dots, last = text.partition("..")
    nights = [_date(first), _date(last)] if dots else [_date(first)]
    if nights[-1] < nights[0]:
        raise argparse.ArgumentTypeError(f"{text!r} ends before it begins")
    days = (nights[-1] - nights[0]).days + 1
    if days > MOST_NIGHTS:
        raise argparse.ArgumentTypeError(f"{text!r} is {days:,} nights; at most {MOST_NIGHTS} at once")
    return [nights[0] + timedelta(days=day) for day in range(days)]


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; 0 takes a free one")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return share


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names) or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of different names, such as cheap,strong")
    return names


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return speed


def _days(text: str) -> timedelta:
    number = text.removesuffix("d")
    if not number.isdecimal() or not 0 < int(number) <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days; write it like 90d")
    return timedelta(days=int(number))


def _usd(text: str) -> float:
    try:
        usd = float(text)
    except ValueError:
        usd = -1.0
    if not 0 <= usd < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount of USD")
    return usd
