"""The life of one model, told on real flights."""
