"""A library of engineering faults, to be injected on purpose: what breaks in pipelines, not what nature does."""
