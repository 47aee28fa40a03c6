"""Command line, simulator, recipes and sample requests."""
