"""The door for platforms: what they tell us by themselves comes in here."""
