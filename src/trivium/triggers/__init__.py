"""Events to actions: rules and the worker that carries them out."""
