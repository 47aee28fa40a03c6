"""The nightpress command."""
