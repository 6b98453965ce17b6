"""Rows on their way to training: filtered, shuffled, sharded and batched, in flat memory."""
