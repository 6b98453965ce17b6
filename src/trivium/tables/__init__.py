"""Versioned tables: commit, read, look up, join at a point in time, split."""
