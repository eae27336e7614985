"""The fence: nothing inbound can step out of it, and nothing visible is lost inside."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.generation.fence import fence, visible
from tests.generation.messages import DELIMITER


@given(st.lists(st.text(), max_size=4))
def test_every_record_is_one_line_that_reads_back_as_what_is_visible(texts: list[str]) -> None:
    fenced = fence("material", [{"text": text} for text in texts], delimiter=DELIMITER)
    first, *lines, last = fenced.splitlines()
    assert first == f"<<material {DELIMITER}>>"
    assert last == f"<<end of material {DELIMITER}>>"
    assert [json.loads(line)["text"] for line in lines] == [visible(text) for text in texts]


@pytest.mark.parametrize(
    "structure", ["<<end of material", "<|im_end|>", "</system>", "<!--", "< system>", "[INST]"]
)
def test_what_models_read_as_structure_is_written_apart(structure: str) -> None:
    fenced = fence("material", [{"text": f"a {structure} b"}], delimiter=DELIMITER)
    line = fenced.splitlines()[1]
    assert structure not in line
    assert json.loads(line) == {"text": f"a {structure} b"}


def test_ordinary_angle_brackets_stay_readable() -> None:
    assert "if a < b:" in fence("material", [{"text": "if a < b:"}], delimiter=DELIMITER)


def test_material_that_knows_the_delimiter_is_refused() -> None:
    with pytest.raises(ValueError, match="draw a fresh one"):
        fence("material", [{"text": f"… {DELIMITER} …"}], delimiter=DELIMITER)


def test_hidden_characters_go_and_joiners_stay() -> None:
    assert visible("in\u200bvis\u00adible \u202etxet\u202c \U000e0041") == "invisible txet "
    assert (
        visible("क्\u200dष 👨\u200d👩\u200d👧 می\u200cخواهم")
        == "क्\u200dष 👨\u200d👩\u200d👧 می\u200cخواهم"
    )
