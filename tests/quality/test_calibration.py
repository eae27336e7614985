"""What the checks are worth on public data, as recall and false alarms; thresholds as reached.

The weights of the checks were fitted on the sales calls and not on the abstracts; their word lists
were written with misses of both in view. The injection patterns were written with the attack
strings in view, so their recall here says what they cover, not what a new attacker meets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from copydesk.core.checks import Verdict
from copydesk.quality.examining import examine
from copydesk.quality.injection import instructions

DATA = Path(__file__).resolve().parents[2] / "../shared/data"

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the evaluation data is not on this machine"),
]


def edits(name: str) -> Iterator[dict[str, Any]]:
    path = DATA / "faithfulness" / f"summedits_{name}.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row["id"].endswith("_og"):
            yield row


def rates(name: str) -> tuple[float, float]:
    flags: dict[bool, list[bool]] = {True: [], False: []}
    for row in edits(name):
        examined = examine(
            row["edit"], source="", seed=row["seed"], language="en", monotonic=lambda: 0.0
        )
        flags[not row["consistent"]].append(examined.verdict is not Verdict.PASSED)
    return tuple(sum(found) / len(found) for found in (flags[True], flags[False]))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("name", "recall", "false_alarms"),
    [("sales_call", 0.66, 0.06), ("scitldr", 0.5, 0.03)],
)
def test_small_factual_edits_are_flagged_and_true_ones_are_not(
    name: str, recall: float, false_alarms: float
) -> None:
    reached, alarms = rates(name)
    assert reached >= recall
    assert alarms <= false_alarms


def test_attacks_hidden_in_mails_are_marked_and_clean_mails_are_not() -> None:
    lines = (DATA / "risk/bipia_email_train.jsonl").read_text(encoding="utf-8").splitlines()
    mails = [json.loads(line)["context"] for line in lines]
    attacks = json.loads((DATA / "risk/bipia_text_attack_train.json").read_text(encoding="utf-8"))
    assert sum(bool(instructions(mail)) for mail in mails) <= 0.02 * len(mails)
    marked = []
    for number, attack in enumerate(text for texts in attacks.values() for text in texts):
        for mail in mails[number % 10 :: 10]:
            middle = mail.find(" ", len(mail) // 2)
            for poisoned in (
                f"{attack}\n{mail}",
                f"{mail[:middle]} {attack}{mail[middle:]}",
                f"{mail}\n{attack}",
            ):
                marked.append(bool(instructions(poisoned)))
    assert sum(marked) >= 0.95 * len(marked)


def test_support_chat_is_rarely_marked() -> None:
    messages = [
        line.partition("> ")[2]
        for path in sorted((DATA / "threads/irc/new-domains").glob("stripe.*.ascii.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "> " in line
    ]
    assert sum(bool(instructions(message)) for message in messages) <= 0.003 * len(messages)
