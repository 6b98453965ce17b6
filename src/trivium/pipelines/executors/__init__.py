"""Where tasks run: each executor is registered by name and loaded on first use."""
