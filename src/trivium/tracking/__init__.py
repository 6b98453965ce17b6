"""Metrics and tags of runs, and what differs between runs."""
