"""One module per check. Each has a name, a version and a pure `check` that returns its evidence."""
