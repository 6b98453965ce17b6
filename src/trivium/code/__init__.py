"""What code and values are, so that two of them can be compared in every process and on every machine."""
