"""Flows: what runs."""
