"""The figures of a night in words, for the terminal: title and value."""

from typing import Any

from tasks.landing.wording import expected_usd, gain_between, usd


def summary(manifest: dict[str, Any], seconds: float) -> list[tuple[str, str]]:
    """Rows, calls, tokens, USD and time of a committed run, as (title, figure)."""
    rows, calls, spent = manifest["rows"], manifest["calls"], manifest["usd"]
    return [
        (
            "requests",
            f"{rows['requests']:,}"
            + (f"  ({rows['adopted']:,} adopted from earlier runs)" if rows.get("adopted") else "")
            + (f"  ({rows['not_adopted']:,} more wait: max_estimate_usd)" if rows.get("not_adopted") else "")
            + (f"  ({rows['unchanged']:,} unchanged left out)" if rows["unchanged"] else ""),
        ),
        ("made", f"{rows['made']:,}"),
        ("failed", f"{rows['failed']:,}" + _why(manifest["errors"]["rows"])),
        ("deferred", f"{rows['deferred']:,}" + _why(manifest["errors"]["deferred"])),
        ("rejected", f"{rows['rejected']:,}"),
        ("calls sent", f"{calls['sent']:,}" + (f"  ({calls['failed']:,} failed)" if calls["failed"] else "")),
        (
            "from the ledger",
            f"{calls['cached']:,}" + (f"  (saved {money(spent['saved'])})" if spent["saved"] else ""),
        ),
        ("tokens in / out", f"{calls['tokens_in']:,} / {calls['tokens_out']:,}"),
        ("spent", money(spent["spent"]) + ("  simulated" if manifest["simulated"] else "")),
        *([("expected", expected)] if (expected := expected_usd(manifest.get("estimate", {}))) else []),
        ("seconds", f"{seconds:,.1f}"),
        *([("uplift", said)] if (said := _uplift(manifest.get("uplift"))) else []),
    ]


def _uplift(found: dict[str, Any] | None) -> str:
    """What the extra models bought, in words; empty where nothing was compared."""
    return f"{found['verdict']}: {found['words']}" if found else ""


def verdicts(manifest: dict[str, Any]) -> list[str]:
    """What the extra models bought, in a few words each: `uplift: does not help, -0.010 (-0.057 to +0.037)`."""
    found = {"uplift": manifest.get("uplift")}
    found |= {
        f"against {name}": arm.get("made_over_it") for name, arm in (manifest.get("arms") or {}).items()
    }
    return [f"{what}: {each['verdict']}{_between(each)}" for what, each in found.items() if each]


def _between(found: dict[str, Any]) -> str:
    if found.get("mean") is None:
        return ""
    return f", {gain_between(found['mean'], found.get('low'), found.get('high'))}"


def money(amount: float | None) -> str:
    """USD for people; says why for None."""
    return f"{usd(amount)} (a price is not known)" if amount is None else usd(amount)


def _why(errors: dict[str, int]) -> str:
    if not errors:
        return ""
    return (
        "  ("
        + ", ".join(f"{kind} {count:,}" for kind, count in sorted(errors.items(), key=lambda each: -each[1]))
        + ")"
    )
