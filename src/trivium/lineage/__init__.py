"""Where things come from and what they go into, answered from the facts of the catalog."""
