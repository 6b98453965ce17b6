"""A model behind a door: gateway, routing, prediction log, watching, and the canary's verdict."""
