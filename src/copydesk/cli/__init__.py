"""The command line. Commands import what they need when they run: `copydesk --help` stays fast."""
