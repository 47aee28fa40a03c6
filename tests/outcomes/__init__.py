"""What the patterns are worth on what real models answered: `python -m tests.outcomes` (issue 6)."""
