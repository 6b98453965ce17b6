"""Models: packaged, evaluated, registered, gated, approved, scored and handed over."""
