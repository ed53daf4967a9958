"""Imports: a file and a mapping become commands."""
