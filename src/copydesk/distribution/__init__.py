"""Getting posts to platforms: planning, validation, couriers, reconcile, credential vault."""
