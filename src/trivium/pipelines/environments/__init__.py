"""Environments of single tasks: declared, resolved to a lock once, built with uv, and kept by the lock's digest."""
