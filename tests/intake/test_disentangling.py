"""What answers what: told by the channel where it tells, found out where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from copydesk.core.submission import SURE_LINK, Source
from copydesk.intake import disentangling
from copydesk.intake.disentangling import WINDOW, Said, group, link
from copydesk.intake.parsing import parse

IRC = Path(__file__).resolve().parents[2] / "../shared/data/threads/irc/new-domains"


def talk(*lines: str) -> list[Said]:
    """Messages written "minute speaker: words"."""
    found = []
    for line in lines:
        head, _, text = line.partition(": ")
        minute, speaker = head.split()
        found.append(Said(speaker, text, float(minute) * 60))
    return found


TANGLED = talk(
    "0 ann: hi, does anybody know why the csv export stops after 500 rows?",
    "1 bob: ann: which version is that?",
    "2 cy: hello everyone, how do I turn on dark mode on my phone?",
    "3 ann: bob: 4.2.1, self hosted",
    "4 dan: cy: it is in Settings, under Appearance",
    "5 bob: ann: then set EXPORT_PAGE_LIMIT to 0",
    "6 cy: dan: thanks, found it",
    "7 ann: thanks bob, EXPORT_PAGE_LIMIT did it",
)


def test_two_conversations_at_once_are_told_apart() -> None:
    links = link(TANGLED)
    assert [each.answers for each in links] == [None, 0, None, 1, 2, 3, 4, 5]
    assert group(links) == [0, 0, 1, 0, 1, 0, 1, 0]
    assert links[1].why == "it addresses them by name"
    assert all(0 < each.confidence <= 1 and each.why for each in links)


def test_a_guess_is_called_doubtful() -> None:
    said = [*TANGLED, *talk("8 eva: hm, 7 of them", "8 fred: or 9")]
    assert min(each.confidence for each in link(said)) < SURE_LINK


def test_what_the_channel_says_counts() -> None:
    said = [*TANGLED, Said("eva", "me too", answers=2)]
    assert link(said)[-1] == disentangling.Link(2, 1.0, "the channel says so")


def test_a_thread_kept_aside_is_not_answered_from_outside() -> None:
    said = talk(
        "0 ann: is lunch at 12?", "1 bob: lunch is at 12", "2 cy: dinner is later", "3 bob: ok"
    )
    said[1] = Said("bob", "lunch is at 12", 60.0, answers=0, aside=True)
    assert link(said)[3].answers != 1


def test_two_people_hold_one_conversation_until_they_fall_silent() -> None:
    said = talk("0 ann: hi", "1 bob: hello?", "9 ann: how are you?", "2000 bob: is the lamp there?")
    assert group(link(said)) == [0, 0, 0, 1]


def test_a_customer_with_several_agents_is_one_conversation() -> None:
    said = talk("0 customer: hi", "1 Eva: Hello, how can I help you?", "2 Tom: Hello, Tom here.",
                "3 Customer: where is my order?")  # fmt: skip
    assert group(link(said)) == [0, 0, 0, 0]


def test_the_work_grows_with_the_log_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in messages held against each other: at most a window for each."""
    asked = 0
    signs = disentangling._signs

    def count(*args: object, **more: object) -> dict[str, float]:
        nonlocal asked
        asked += 1
        return signs(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(disentangling, "_signs", count)
    people = [f"p{n}" for n in range(40)]
    log = [
        Said(people[n % 40], f"{people[n * 7 % 40]}: what about {n % 13}? " + " ".join(people), n)
        for n in range(1500)
    ]
    assert len(link(log)) == 1500
    assert asked <= (WINDOW + len(people) + 1) * 1500


@pytest.mark.skipif(not IRC.is_dir(), reason="no ../shared/data beside the checkout")
def test_links_on_logs_of_four_public_channels() -> None:
    """F1 over links, as the logs' annotators drew them; the message just above is the yardstick."""
    right = above = drawn = counted = 0
    for path in sorted(IRC.glob("*.1.ascii.txt")):
        wanted: dict[int, set[int]] = {}
        for line in (
            path.with_name(path.name.replace("ascii", "annotation")).read_text().split("\n")
        ):
            if line.strip():
                one, other = sorted(map(int, line.split()[:2]))
                wanted.setdefault(other, set()).add(one)
        message = parse(path.read_bytes(), filename=path.name, source=Source.CHAT)
        message.check_tiling()
        turns = message.thread.turns
        found = {
            turn.line: turn.line if turn.answers is None else turns[turn.answers].line
            for turn in turns
        }
        right += sum(found.get(line, line) in answers for line, answers in wanted.items())
        above += sum(line - 1 in answers for line, answers in wanted.items())
        drawn += sum(map(len, wanted.values()))
        counted += len(wanted)
    assert 2 * above / (drawn + counted) < 0.60
    assert 2 * right / (drawn + counted) > 0.70
