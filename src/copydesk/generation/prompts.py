"""Prompts as versioned files: `prompts/<capability>.v<number>.md`.

A file opens with TOML between `+++` lines (temperature, limits) and has two parts, `# System` and
`# User`. Names in double braces are filled in one pass, so a filled-in text is never read again.
A published file is never edited: a change is a new version, so that evidence stays comparable.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Final, Literal

import regex
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from copydesk.core.errors import ConfigError, NotFound

_FILE: Final = regex.compile(
    r"\A\+\+\+\n(?P<settings>.*?)\n\+\+\+\n+# System\n(?P<system>.*?)\n# User\n(?P<user>.*)\Z",
    regex.DOTALL,
)
_PLACE: Final = regex.compile(r"\{\{(\w+)\}\}")


class PromptVersion(BaseModel):
    """One version of one capability's prompt, with the settings it is asked with.

    `max_text` is how many characters a new text may have, None where the material decides.
    `max_references` is how many passages of our own texts it is shown, `max_reference_tokens` how
    many tokens they may take together. `segment_map` is the form in which a consolidated reply says
    what became of each segment: an object for each, or a line, which takes a third of the tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capability: str
    number: int = Field(ge=1)
    temperature: float = Field(ge=0, le=2)
    max_title: int = Field(default=90, gt=0)
    max_summary: int = Field(default=300, gt=0)
    max_text: int | None = Field(default=None, gt=0)
    max_references: int = Field(default=0, ge=0)
    max_reference_tokens: int = Field(default=900, gt=0)
    segment_map: Literal["objects", "lines"] = "objects"
    system: str
    user: str

    @property
    def name(self) -> str:
        """Return what evidence calls it, such as `rewrite_and_polish.v1`."""
        return f"{self.capability}.v{self.number}"


def load_prompt(capability: str, number: int) -> PromptVersion:
    """Return version `number` of the prompt of `capability`.

    Raises `NotFound` when there is no such file and `ConfigError` naming what is wrong with it.
    """
    filename = f"{capability}.v{number}.md"
    file = resources.files("copydesk.generation").joinpath("prompts", filename)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFound(f"There is no prompt {filename}.") from None
    return parse_prompt(text, capability=capability, number=number)


def parse_prompt(text: str, *, capability: str, number: int) -> PromptVersion:
    """Return the prompt that a file with content `text` holds; raises `ConfigError` as above."""
    filename = f"{capability}.v{number}.md"
    match = _FILE.match(text)
    if match is None:
        raise ConfigError([f"{filename}: expected +++ settings +++, # System and # User"])
    try:
        return PromptVersion(
            capability=capability,
            number=number,
            system=match["system"].strip(),
            user=match["user"].strip(),
            **tomllib.loads(match["settings"]),
        )
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigError([f"{filename}: {error}"]) from error


def fill_places(template: str, values: Mapping[str, str]) -> str:
    """Return `template` filled with those of `values` that it has a place for.

    For values that every version of a prompt could show and some do not. Raises `ConfigError`
    naming the places nobody fills.
    """
    names = set(_PLACE.findall(template))
    return fill(template, {name: value for name, value in values.items() if name in names})


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return `template` with each `{{name}}` replaced by `values[name]`, in one pass.

    Raises `ConfigError` naming the places nobody fills and the values that have no place.
    """
    names = set(_PLACE.findall(template))
    problems = [f"nothing fills {{{{{name}}}}}" for name in sorted(names - values.keys())]
    problems += [f"no place for {name}" for name in sorted(values.keys() - names)]
    if problems:
        raise ConfigError(problems)
    return _PLACE.sub(lambda match: values[match[1]], template)
