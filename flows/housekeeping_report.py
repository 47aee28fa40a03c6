"""What housekeeping did, in words: one line, and a table."""

from tasks.landing.housekeeping import Amount, Tidied, Upkeep
from tasks.landing.joinable import TABLES_OF_RUN
from tasks.landing.wording import size


def line(told: list[Tidied], upkeep: Upkeep) -> str:
    """What changed: keys, parts, bytes and rows, before and after."""
    by_name = {each.what: each for each in told}
    keys = by_name["ledger keys"]
    joined = [by_name[table] for table in TABLES_OF_RUN]
    before, after = Amount(), Amount()
    for each in joined:
        before.add(each.before.files, each.before.rows, each.before.size_bytes)
        after.add(each.after.files, each.after.rows, each.after.size_bytes)
    removed = by_name["calls removed"].before
    left = sum(each.before.files for each in told if each.what in LEFT)
    sizes = f"{size(before.size_bytes)} → {size(after.size_bytes)}"
    texts = by_name["texts of calls"].before.rows
    said = [
        (
            keys.before != keys.after,
            f"keys {keys.before.rows:,} → {keys.after.rows:,} in {keys.before.files:,} → {keys.after.files:,} files",
        ),
        (
            bool(before.files),
            f"small parts {before.files:,} → {after.files:,} ({sizes}, {before.rows:,} rows kept)",
        ),
        (bool(texts), f"{texts:,} calls without their text from now on"),
        (
            bool(removed.rows),
            f"{removed.rows:,} calls removed ({removed.files:,} parts, {size(removed.size_bytes)})",
        ),
        (bool(left), f"{left:,} files left behind removed"),
        *((True, f"{each.what} left alone: {each.refusal}") for each in told if each.refusal),
    ]
    done = "; ".join(text for happened, text in said if happened) or "nothing to do"
    return ("dry run, nothing done: " if upkeep.dry_run else "") + done


def markdown(told: list[Tidied], store_url: str, upkeep: Upkeep) -> str:
    """A table with a row per thing."""
    rows = "\n".join(
        f"| {each.what} | {each.before.files:,} → {each.after.files:,} | {each.before.rows:,} → {each.after.rows:,} | "
        f"{size(each.before.size_bytes)} → {size(each.after.size_bytes)} |"
        for each in told
    )
    refused = "".join(f"Left alone: {each.what}: {each.refusal}\n\n" for each in told if each.refusal)
    done = "What would be done; nothing was." if upkeep.dry_run else "Done."
    return (
        f"# Housekeeping\n\n`{store_url}`: {done}\n\n| | files | rows | bytes |\n|---|---|---|---|\n{rows}\n\n{refused}"
        "Of tables: the small parts that were joined. Of texts: the calls that had one. "
        "Of runs never committed: as rows, the runs.\n"
    )


LEFT = frozenset({"runs never committed", "working files left behind", "unfinished files"})
