"""A message says what happened, always the same way, under an id that belongs to it alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copydesk.core.events import Event
from copydesk.distribution.notifying.message import (
    NOUNS,
    check_patterns,
    message_id,
    message_of,
    sequence_of,
    type_of,
    types_of,
    wants,
)

EVENT = Event(
    at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    workspace_id="wsp_1",
    noun="delivery",
    subject_id="dlv_1",
    actor="courier",
    from_state="sending",
    to_state="failed",
    reason="used up \ud800",
    data={"answer": "Unavailable", "id": "not the subject"},
    sequence=42,
)


def test_a_message_has_the_three_fields_of_the_standard_and_the_facts() -> None:
    message = message_of(EVENT, {"id": "dlv_1", "account": "newsroom", "url": ""})
    found = json.loads(message.body)
    assert list(found) == ["type", "timestamp", "data"]
    assert found["type"] == message.type == "delivery.failed"
    assert found["timestamp"] == "2026-11-21T12:00:00.000000Z"
    assert found["data"]["id"] == "dlv_1"
    assert found["data"]["account"] == "newsroom"
    assert found["data"]["details"]["answer"] == "Unavailable"
    assert message_of(EVENT, {}) == message_of(EVENT, {})


def test_ids_tell_events_apart_and_never_contain_a_dot() -> None:
    later = replace(EVENT, at=datetime(2026, 11, 22, tzinfo=UTC))
    assert message_id(EVENT) == message_id(replace(EVENT, reason="", actor=""))
    assert message_id(EVENT) != message_id(later), "after a backup was restored"
    assert "." not in message_id(EVENT)
    assert sequence_of(message_id(EVENT)) == 42


@given(st.text())
def test_what_is_no_id_names_nothing(text: str) -> None:
    assert sequence_of(text) is None


def test_what_changes_no_state_does_not_look_as_if_it_did() -> None:
    noted = replace(EVENT, from_state="delivered", to_state="delivered", data={})
    assert type_of(noted) == "delivery.noted"
    assert type_of(replace(noted, data={"standing": "gone"})) == "delivery.gone"
    assert not wants(["delivery.delivered"], type_of(noted))


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*"], True),
        (["delivery.*"], True),
        (["delivery.failed"], True),
        (["account.*", "delivery.failed"], True),
        (["delivery.held"], False),
        (["account.*"], False),
        ([], False),
    ],
)
def test_patterns_choose(patterns: list[str], expected: bool) -> None:
    assert wants(patterns, "delivery.failed") is expected


def test_every_type_there_is_can_be_asked_for() -> None:
    every = [f"{noun}.{word}" for noun in NOUNS for word in (*types_of(noun), "*")]
    assert check_patterns(["*", *every]) == []
    assert "delivery.gone" in every
    assert "webhook.disabled" in every


@pytest.mark.parametrize(
    "pattern", ["", "delivery", "delivery.", ".failed", "**", "deliverys.*", "delivery.x", "Post.*"]
)
def test_a_pattern_that_can_never_match_is_refused_with_a_remedy(pattern: str) -> None:
    (finding,) = check_patterns([pattern])
    assert finding.field == "events"
    assert finding.remedy
