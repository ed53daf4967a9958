"""Conditions on text."""

CONTAINS = "position(lower({value}) in lower({row}.name)) > 0"
"""Without regard to case; the empty string is in every name."""
