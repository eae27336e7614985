"""Where a model lives, as one line: `model = "openai:NAME@http://host/v1"`.

Reading the line costs nothing; only opening the address loads the model library, which takes
seconds of CPU that a command line or a web process must not pay.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from copydesk.core.clock import Clock
from copydesk.core.errors import ConfigError

if TYPE_CHECKING:
    from copydesk.generation.catalogue import ModelFacts
    from copydesk.generation.pydantic_ai import PydanticAIModel


class Vendor(StrEnum):
    """The dialect a model server speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    OLLAMA = "ollama"


#: Where a vendor is reached when the line names no address.
HOME: Final = {
    Vendor.OPENAI: "https://api.openai.com/v1",
    Vendor.ANTHROPIC: "https://api.anthropic.com",
    Vendor.OLLAMA: "http://127.0.0.1:11434/v1",
}
FORM: Final = (
    "Write VENDOR:NAME or VENDOR:NAME@URL, for example openai:gpt-6.1-terra, "
    "anthropic:claude-sonnet-5-5, ollama:qwen3 or openai:my-model@http://127.0.0.1:8000/v1."
)
_REMEDY: Final = "Install it with: pip install 'copydesk[llm]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelAddress:
    """A parsed model line. `url` is the base URL; `custom` tells whether the line named it."""

    vendor: Vendor
    name: str
    url: str
    custom: bool = False

    @property
    def label(self) -> str:
        """Return what people call it: `openai:NAME`, with the server where it is one's own, and the
        path there where it is not the usual one: gateways have a model of that name at several."""
        name = f"{self.vendor}:{self.name}"
        if not self.custom:
            return name
        parts = urlsplit(self.url)
        path = "" if parts.path == urlsplit(HOME[self.vendor]).path else parts.path or "/"
        return f"{name}@{parts.netloc}{path}"

    @property
    def needs_key(self) -> bool:
        """Whether the server refuses callers without a key: the vendors' own do."""
        return not self.custom and self.vendor is not Vendor.OLLAMA


def parse_model_line(line: str) -> ModelAddress:
    """Return the address that `line` names.

    Raises `ConfigError` that says what is wrong and shows the form.
    """
    word, colon, rest = line.strip().partition(":")
    if not colon or not word:
        raise ConfigError([f"model {line!r} names no vendor"], remedy=FORM)
    try:
        vendor = Vendor(word.strip().lower())
    except ValueError:
        known = ", ".join(Vendor)
        problem = f"model {line!r}: {word!r} is not a vendor (one of {known})"
        raise ConfigError([problem], remedy=FORM) from None
    # model names may contain "@" and ":", so only "@http(s)://" starts the address
    name, url = rest, ""
    for scheme in ("@http://", "@https://"):
        before, mark, after = rest.partition(scheme)
        if mark and len(before) < len(name):
            name, url = before, mark.removeprefix("@") + after
    problems = []
    if not name.strip() or name != "".join(name.split()):
        problems.append(f"model {line!r} has no usable name")
    elif not url and "@" in name:
        problems.append(f"model {line!r}: the address must begin with http:// or https://")
    if url:
        problems += _url_problems(line, url)
    if problems:
        raise ConfigError(problems, remedy=FORM)
    return ModelAddress(
        vendor=vendor, name=name, url=url.rstrip("/") or HOME[vendor], custom=bool(url)
    )


def open_model(
    address: ModelAddress,
    *,
    key: str,
    clock: Clock,
    timeout: float,
    facts: ModelFacts | None = None,
    setting: str = "model",
) -> PydanticAIModel:
    """Return the model at `address`, to be closed with `aclose` (or used as `async with`).

    `key` is the vendor's API key, "" where none is needed; `timeout` is in seconds, for one whole
    call; `facts` are what is known of it (default: what public lists say); `setting` names the
    setting that `address` comes from. Raises `ConfigError` when the extra is not installed or a key
    is missing.
    """
    if address.needs_key and not key:
        raise ConfigError(
            [f"model {address.vendor}:{address.name} needs an API key"],
            remedy=f"Set it as COPYDESK_{setting.upper()}_KEY.",
        )
    try:
        adapter = import_module("copydesk.generation.pydantic_ai")
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "copydesk":
            raise
        problem = (
            f"model {address.vendor}:{address.name} needs the extra [llm] ({missing} is missing)"
        )
        raise ConfigError([problem], remedy=_REMEDY) from error
    model: PydanticAIModel = adapter.PydanticAIModel.at(
        address, key=key, clock=clock, timeout=timeout, facts=facts
    )
    return model


def _url_problems(line: str, url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return [f"model {line!r}: the address is not a URL ({error})"]
    if not host:
        return [f"model {line!r}: the address names no host"]
    if parts.username or parts.password:
        # never repeat the line: it holds a secret
        return ["model: the address must not contain a user name or password; set the key apart"]
    if parts.query or parts.fragment:
        return [f"model {line!r}: the address must end with its path"]
    return []
