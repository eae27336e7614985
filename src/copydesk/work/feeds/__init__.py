"""Following feeds: what an operator says about one, and asking it for what is new."""
