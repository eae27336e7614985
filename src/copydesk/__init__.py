"""copydesk: a self-hosted media orchestration engine (hub and spokes)."""

__version__ = "0.1.0"
