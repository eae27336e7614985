"""One line says where a model lives; reading it loads nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.clock import SystemClock
from copydesk.core.errors import ConfigError
from copydesk.generation.address import ModelAddress, Vendor, open_model, parse_model_line


@pytest.mark.parametrize(
    ("line", "vendor", "name", "url", "custom"),
    [
        ("openai:gpt-6.1-terra", "openai", "gpt-6.1-terra", "https://api.openai.com/v1", False),
        ("anthropic:claude-x", "anthropic", "claude-x", "https://api.anthropic.com", False),
        ("ollama:qwen3:8b", "ollama", "qwen3:8b", "http://127.0.0.1:11434/v1", False),
        ("ollama:qwen3:8b@http://gpu:11434/v1", "ollama", "qwen3:8b", "http://gpu:11434/v1", True),
        (" OpenAI:org/m@https://h/v1/ ", "openai", "org/m", "https://h/v1", True),
        ("openai:m@2024@http://[::1]:8000/v1", "openai", "m@2024", "http://[::1]:8000/v1", True),
    ],
)
def test_lines_that_name_a_model(line: str, vendor: str, name: str, url: str, custom: bool) -> None:
    assert parse_model_line(line) == ModelAddress(
        vendor=Vendor(vendor), name=name, url=url, custom=custom
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "names no vendor"),
        ("gpt-6", "names no vendor"),
        ("opnai:gpt-6", "'opnai' is not a vendor"),
        ("openai:", "no usable name"),
        ("openai:a b", "no usable name"),
        ("openai:@http://h/v1", "no usable name"),
        ("openai:m@localhost:8000", "must begin with http"),
        ("openai:m@http://", "names no host"),
        ("openai:m@http://h:port/v1", "not a URL"),
        ("openai:m@http://h/v1?key=s3cret", "must end with its path"),
    ],
)
def test_lines_that_do_not_say_what_is_wrong(line: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        parse_model_line(line)
    assert "VENDOR:NAME" in caught.value.remedy


def test_models_of_one_name_at_several_places_of_a_gateway_are_told_apart() -> None:
    lines = [
        "openai:m@http://gw/v1",
        "openai:m@http://gw",
        "openai:m@http://gw/azure/v1",
        "openai:m@http://gw/groq/v1",
        "openai:m@http://gw:8080/v1",
        "ollama:m@http://gw/v1",
        "anthropic:m@http://gw",
        "anthropic:m@http://gw/v1",
        "openai:m",
    ]
    labels = [parse_model_line(line).label for line in lines]
    assert labels[:3] == ["openai:m@gw", "openai:m@gw/", "openai:m@gw/azure/v1"]
    assert len(set(labels)) == len(lines)


def test_a_password_in_the_line_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_model_line("openai:m@http://user:s3cret@host/v1")
    assert "s3cret" not in str(caught.value)


@given(st.text())
def test_any_line_is_parsed_or_refused(line: str) -> None:
    try:
        address = parse_model_line(line)
    except ConfigError:
        return
    assert address.name
    assert address.url.startswith("http")


def test_a_vendor_without_its_key_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="needs an API key"):
        open_model(parse_model_line("anthropic:claude-x"), key="", clock=SystemClock(), timeout=1)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "copydesk.generation.pydantic_ai", raising=False)
    monkeypatch.setitem(sys.modules, "pydantic_ai", None)
    with pytest.raises(ConfigError) as caught:
        open_model(parse_model_line("ollama:m"), key="", clock=SystemClock(), timeout=1)
    assert "pip install 'copydesk[llm]'" in caught.value.remedy


def test_the_model_library_is_loaded_only_when_a_model_is_opened() -> None:
    code = (
        "import sys, copydesk.generation.address as g; g.parse_model_line('openai:m@http://h/v1');"
        "print(sorted({'pydantic_ai', 'openai', 'anthropic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
