"""A version: everything that decides how a message is written up. It never changes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Final

from copydesk.core.errors import ContentInvalid
from copydesk.core.findings import Finding

#: What stands for a model where rules alone are to write.
NO_MODEL: Final = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A prompt, models and settings under which messages are written up.

    `prompt` is a prompt version such as `rewrite_and_polish.v2`. `model` and `light_model` are
    model lines, `none` for no model at all. "" stands for what copydesk or its settings say.
    `temperature` is 0..2, None for the prompt's own. `code` is the version of copydesk it was made
    with, for people to read: the running program's is what runs.
    """

    prompt: str = ""
    model: str = ""
    light_model: str = ""
    temperature: float | None = None
    code: str = ""

    @property
    def digest(self) -> str:
        """Return what tells this version from any other, whatever it is called."""
        told = {name: value for name, value in asdict(self).items() if name != "code"}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def differences(self, other: Version) -> tuple[str, ...]:
        """Return in words what `other` has otherwise."""
        return tuple(
            f"{name.replace('_', ' ')} {_word(mine)} → {_word(theirs)}"
            for name in ("prompt", "model", "light_model", "temperature")
            if (mine := getattr(self, name)) != (theirs := getattr(other, name))
        )

    def check(self) -> None:
        """Raise `ContentInvalid` for settings that no model takes."""
        if self.temperature is not None and not 0.0 <= self.temperature <= 2.0:
            raise ContentInvalid(
                [
                    Finding(
                        code="out_of_range",
                        field="temperature",
                        message=f"a temperature lies between 0 and 2, not at {self.temperature}",
                        remedy="Leave it out to take the prompt's own.",
                    )
                ]
            )


def _word(value: object) -> str:
    return "as configured" if value in ("", None) else str(value)
