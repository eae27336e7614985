"""Named, versioned checks of a rewritten text, and the gate that runs them in order."""
