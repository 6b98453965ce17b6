"""Constraints on tables: declared checks, learned expectations, and the alerts that they raise."""
