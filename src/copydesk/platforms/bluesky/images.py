"""What images have to be. Source: lexicons app.bsky.embed.images and app.bsky.embed.external: any
image, at most 2,000,000 bytes in a post (1,000,000 before 2026) and 1,000,000 in a card (checked
2026-11-22)."""

from __future__ import annotations

from typing import Final

from copydesk.platforms.bluesky import PLATFORM
from copydesk.transformation.images import ImageRule

_TYPES: Final = ("image/jpeg", "image/png", "image/webp", "image/gif")
_LIMITS: Final = PLATFORM.manifest.limits

IMAGE_RULE: Final = ImageRule(types=_TYPES, most_bytes=_LIMITS["image"].value)
THUMB_RULE: Final = ImageRule(types=_TYPES, most_bytes=_LIMITS["thumb"].value)
