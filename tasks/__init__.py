"""Prefect tasks: thin shells over the packages below."""
