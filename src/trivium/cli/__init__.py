"""The terminal: `trivium <noun> <verb>`. It translates, and decides nothing."""
