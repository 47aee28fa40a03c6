"""The figures of a night in words: title and value, for the terminal and for Prefect."""

from typing import Any


def summary(manifest: dict[str, Any], seconds: float) -> list[tuple[str, str]]:
    """Rows, calls, tokens, USD and time of a committed run, as (title, figure)."""
    rows, calls, usd = manifest["rows"], manifest["calls"], manifest["usd"]
    return [
        (
            "requests",
            f"{rows['requests']:,}"
            + (f"  ({rows['unchanged']:,} unchanged left out)" if rows["unchanged"] else ""),
        ),
        ("made", f"{rows['made']:,}"),
        ("failed", f"{rows['failed']:,}" + _why(manifest["errors"]["rows"])),
        ("deferred", f"{rows['deferred']:,}" + _why(manifest["errors"]["deferred"])),
        ("rejected", f"{rows['rejected']:,}"),
        ("calls sent", f"{calls['sent']:,}" + (f"  ({calls['failed']:,} failed)" if calls["failed"] else "")),
        (
            "from the ledger",
            f"{calls['cached']:,}" + (f"  (saved {money(usd['saved'])})" if usd["saved"] else ""),
        ),
        ("tokens in / out", f"{calls['tokens_in']:,} / {calls['tokens_out']:,}"),
        ("spent", money(usd["spent"]) + ("  simulated" if manifest["simulated"] else "")),
        ("seconds", f"{seconds:,.1f}"),
    ]


def summary_markdown(manifest: dict[str, Any], seconds: float, store_url: str) -> str:
    """The same as a Markdown table, with where the parts are."""
    state = "healthy" if manifest["healthy"] else "unhealthy"
    table = "\n".join(f"| {title} | {figure} |" for title, figure in summary(manifest, seconds))
    parts = "\n".join(
        f"| {name} | {sum(part['rows'] for part in parts):,} | `{store_url}/{parts[-1]['path']}` |"
        for name, parts in sorted(manifest["parts"].items())
        if parts
    )
    return (
        f"# {manifest['run']}\n\nGeneration {manifest['generation']}, {state}.\n\n"
        f"| | |\n|---|---|\n{table}\n\n| table | rows | newest part |\n|---|---|---|\n{parts}\n"
    )


def money(usd: float | None) -> str:
    """USD for people; `unknown` for None."""
    if usd is None:
        return "unknown (a price is not known)"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def _why(errors: dict[str, int]) -> str:
    if not errors:
        return ""
    return (
        "  ("
        + ", ".join(f"{kind} {count:,}" for kind, count in sorted(errors.items(), key=lambda each: -each[1]))
        + ")"
    )
