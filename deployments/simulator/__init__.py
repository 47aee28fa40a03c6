"""A simulated provider over real HTTP."""
