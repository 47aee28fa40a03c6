"""How models work together: the recipe and its patterns. No Prefect."""
