"""The web: pages, the `/v1` API, events and health. Handlers read, call one use case and render."""

from copydesk.server.app import create_app
from copydesk.server.serving import serve

__all__ = ["create_app", "serve"]
