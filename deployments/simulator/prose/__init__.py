"""Vocabularies of the simulated prose, one file per language."""
