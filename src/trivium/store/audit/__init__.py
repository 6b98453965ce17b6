"""Checkpoints of the audit log, signed and kept apart from it, and its examination."""
