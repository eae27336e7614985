"""How often the coverage guard is wrong, on public pairs of a text and a faithful edit of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from copydesk.core.errors import ReplyTruncated
from copydesk.core.sentences import sentences
from copydesk.generation.truncation import check_coverage

PAIRS = (
    Path(__file__).resolve().parents[2] / "../shared/data/faithfulness/summedits_sales_call.jsonl"
)

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not PAIRS.exists(), reason="needs the SummEdits pairs in shared/data"),
]


def faithful_pairs() -> list[tuple[str, str]]:
    rows = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    return [
        (row["seed"], row["edit"])
        for row in rows
        if row["consistent"] and not row["id"].endswith("_og")
    ]


def is_refused(source: str, text: str) -> bool:
    try:
        check_coverage(source, text, language="en")
    except ReplyTruncated:
        return True
    return False


def test_faithful_edits_are_hardly_ever_refused() -> None:
    pairs = faithful_pairs()
    assert len(pairs) > 100
    refused = sum(is_refused(seed, edit) for seed, edit in pairs)
    assert refused / len(pairs) <= 0.02


def test_the_same_edits_without_their_last_sentence_hardly_ever_pass() -> None:
    shortened = [
        (seed, edit[: sentences(edit)[-2][1]])
        for seed, edit in faithful_pairs()
        if len(sentences(edit)) > 1
    ]
    assert len(shortened) > 100
    passed = sum(not is_refused(seed, short) for seed, short in shortened)
    assert passed / len(shortened) <= 0.02
