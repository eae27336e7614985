"""JSON is read and written as Python's own module does it."""

from __future__ import annotations

import json
import math
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from copydesk.core.json_text import read_json, write_json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=("Cs", "Cc", "Po", "Nd")))
)
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def told(value: Any) -> str:
    """Everything about a value: its type too, the sign of a zero, and what is no number."""
    return repr(value)


@given(DATA, st.booleans())
def test_what_python_writes_is_read_as_python_reads_it(data: Any, ascii: bool) -> None:
    text = json.dumps(data, ensure_ascii=ascii)
    assert told(read_json(text)) == told(json.loads(text))


@given(st.text(st.sampled_from('{}[]",:\\u0d8enatrulsfl-+.123 \t\n\x00é'), max_size=30))
@example('{"a": 1, "a": 2}')
@example("-0")
@example("1e400")
@example('"\\ud800"')
@example("1" * 400)
@example("0.1" + "0" * 400 + "1")
def test_any_text_that_python_reads_is_read_the_same(text: str) -> None:
    try:
        meant = json.loads(text)
    except ValueError:
        return
    assert told(read_json(text)) == told(meant)


@given(st.binary(max_size=20) | DATA.map(lambda data: json.dumps(data).encode("utf-16")))
@example(b"\xef\xbb\xbf{}")
def test_bytes_are_read_the_same(body: bytes) -> None:
    try:
        meant = json.loads(body)
    except ValueError:
        return
    assert told(read_json(body)) == told(meant)


@pytest.mark.parametrize("text", ["", "{", "nul", "[1,]", '{"a" 1}', "<html>", "1 2", b"\xff\xfe"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        read_json(text)


def test_what_is_nested_deeper_than_anybody_means_is_refused() -> None:
    with pytest.raises(RecursionError):
        read_json("[" * 100_000)


STORED = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=20,
)


@given(STORED)
def test_what_holds_no_fractions_is_written_byte_for_byte_as_python_writes_it(data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert write_json(data) == text.encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_fraction_is_written_so_that_it_is_read_again(number: float) -> None:
    again = json.loads(write_json({"n": number}))["n"]
    assert again == number
    assert math.copysign(1, again) == math.copysign(1, number)


class Word(StrEnum):
    ONE = "one"


class Marked(str):
    """A text of a class of its own, as template libraries make them."""


@pytest.mark.parametrize("text", [Word.ONE, Marked("one")])
def test_texts_of_other_classes_are_texts(text: str) -> None:
    assert write_json({"b": (text,), "a": 1}) == b'{"a":1,"b":["one"]}'


def test_what_is_no_data_is_refused() -> None:
    with pytest.raises(TypeError):
        write_json({"a": object()})
    with pytest.raises(UnicodeEncodeError):
        write_json("\ud800")
