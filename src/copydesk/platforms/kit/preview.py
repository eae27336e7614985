"""How a rendition will look: a platform's `preview.html`, filled from its payload.

The fragment gets `payload`, `rendition` and `account` and nothing else, so what it shows is what
will be sent. Everything is escaped; a name that does not exist is an error, not an empty place.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from copydesk.core.account import Account
from copydesk.core.delivery import Rendition


def render_preview(package: str, rendition: Rendition, account: Account) -> str:
    """Return the preview of `rendition` as an HTML fragment.

    `package` is the platform's package (`registry.platform_modules()[name]`). Raises
    `jinja2.UndefinedError` when the fragment asks for what the payload does not have.
    """
    context = {"payload": rendition.payload, "rendition": rendition, "account": account}
    return _template(package).render(context)


@cache
def _template(package: str) -> Template:
    text = resources.files(package).joinpath("preview.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)
