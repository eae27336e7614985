"""What answers what in a chat that does not say so, when several conversations run at once.

Each message is held against those before it and against starting a conversation. Signs speak for
and against: who is addressed, who spoke last with whom, questions, rare words in common, time. How
much each counts was fitted on logs of four public IRC channels; on a channel left out of the
fitting, links reach an F1 of 0.71 (0.70 without times), where taking the message just above reaches
0.57. `docs/how-to/take-in-messages.md` has the figures by channel. The work is linear in the number
of messages: only the nearest are looked at.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from copydesk.core.submission import SURE_LINK
from copydesk.intake.speakers import CUSTOMERS, why_dropped

#: Messages above that one may answer; those further up only where they concern the same people;
#: and how far back somebody's last one is still remembered.
CLOSE: Final = 12
WINDOW: Final = 40
_MEMORY: Final = 400
#: Who said nothing in so many messages comes anew.
_AWAY: Final = 200
#: Two people hold one conversation; after so many seconds of silence it is another one.
_SILENCE: Final = 12 * 3600.0

_WORD = re.compile(r"[^\W_]{2,30}")
_ADDRESSED = re.compile(r"\s*@?([^\s:,]{1,40})[:,](?:\s|$)")
_AT = re.compile(r"@(\S[^@\n]{0,40})")
_GREETING = re.compile(
    r"\s*(?:hi|hello|hey|good (?:morning|evening|afternoon)|greetings|hallo|moin|guten|hola|"
    r"bonjour|salut)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:thanks|thank you|thx|ty|cheers|danke|gracias|merci)\b", re.IGNORECASE)
_NOD = re.compile(
    r"\s*(?:ok|okay|yes|no|yeah|yep|nope|sure|right|lol|haha|heh|ah|oh|cool|nice|great|true|indeed|"
    r"hm+|\+1|agreed|exactly|done|ja|nein|si|oui|:\)|:p|;\))(?:\W|$)",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\s*(?:how|what|why|where|when|who|which|is|are|does|do|can|could|anyone|anybody|has|should|"
    r"wie|was|warum|kann|gibt)\b",
    re.IGNORECASE,
)

#: What each sign counts for. Those with "start" speak for the beginning of a conversation.
WEIGHTS: Final[Mapping[str, float]] = {
    "addressed": 3.57, "same_both": 2.48, "named": 2.26, "told_others": -1.95, "last_own": 1.69,
    "distance": -1.67, "nod": 1.51, "went_on": 1.25, "thanks_back": 1.19, "names_others": -1.13,
    "told_me_last": 0.93, "half_hour_later": -0.93, "talking": 0.87, "common": 0.84,
    "they_thanked": -0.83, "their_last": 0.63, "open_question": 0.55, "rare": 0.50, "asked": 0.47,
    "minute_later": -0.47, "same": 0.27, "other_above": -0.16, "own_question": 0.14,
    "start_greeting": 1.67, "start_thanks": -1.55, "start_addressed": -1.29, "start_again": -1.28,
    "start_long": 1.14, "start_question": 0.95, "start_asking": 0.86, "start_nod": -0.79,
    "start_newcomer": 0.73, "start_naming": 0.67, "start": -0.21,
}  # fmt: skip

#: The signs that explain a link best, in an editor's words.
_WORDS: Final = {
    "addressed": "it addresses them by name",
    "named": "it names them",
    "told_me_last": "they had just addressed this person",
    "same_both": "both address the same person",
    "went_on": "the same person went on",
    "last_own": "the same person's last message",
    "asked": "it follows their question",
    "open_question": "it follows their question",
    "talking": "the two were talking",
    "common": "they share rare words",
    "rare": "they share rare words",
    "nod": "a short reaction to the message above",
    "thanks_back": "thanks for what they said",
}


@dataclass(frozen=True, slots=True)
class Said:
    """One message: `seconds` on any clock, `answers` where the channel itself tells (a position).

    A `notice` is written by the chat system; it neither answers nor is answered. What stands
    `aside`, in a thread that the channel keeps by itself, is not answered from outside.
    """

    speaker: str
    text: str
    seconds: float | None = None
    answers: int | None = None
    notice: bool = False
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """What a message answers (a position; None: it starts a conversation), how sure, and why."""

    answers: int | None
    confidence: float
    why: str


def link(messages: Sequence[Said]) -> list[Link]:
    """Return for every message what it answers."""
    people = {said.speaker for said in messages if said.speaker and not said.notice}
    people = {name for name in people if not why_dropped(name)}
    if len(people) <= 2 or any(name.lower() in CUSTOMERS for name in people):
        # a customer with a desk: however many agents answer, it is about one thing
        return _of_one_talk(messages)
    log = _Log(messages)
    links: list[Link] = []
    for place, said in enumerate(messages):
        if said.notice:
            links.append(Link(None, 1.0, "written by the chat system"))
            continue
        if said.answers is not None and 0 <= said.answers < place:
            links.append(Link(said.answers, 1.0, "the channel says so"))
        else:
            links.append(_best(log, place))
        log.add(place)
    return links


def group(links: Sequence[Link]) -> list[int]:
    """Return the number of the conversation of each message, counted by first messages."""
    numbers: list[int] = []
    count = 0
    for each in links:
        if each.answers is None:
            numbers.append(count)
            count += 1
        else:
            numbers.append(numbers[each.answers])
    return numbers


def _of_one_talk(messages: Sequence[Said]) -> list[Link]:
    links: list[Link] = []
    above: int | None = None
    for place, said in enumerate(messages):
        if said.notice:
            links.append(Link(None, 1.0, "written by the chat system"))
            continue
        gap = _gap(said, messages[above]) if above is not None else None
        if said.answers is not None and 0 <= said.answers < place:
            links.append(Link(said.answers, 1.0, "the channel says so"))
        elif above is None or (gap is not None and gap > _SILENCE):
            links.append(Link(None, 0.9, "nothing was said for half a day" if gap else "the first"))
        else:
            links.append(Link(above, 0.9, "it comes next"))
        above = place
    return links


def _gap(said: Said, earlier: Said) -> float | None:
    if said.seconds is None or earlier.seconds is None:
        return None
    return max(0.0, said.seconds - earlier.seconds)


# -- what is known about the messages so far


@dataclass(frozen=True, slots=True)
class _Seen:
    """One message as the signs look at it. `key` is its speaker, `to` whom it addresses first."""

    key: str
    words: frozenset[str]
    to: str
    names: frozenset[str]
    seconds: float | None
    question: bool
    asks: bool
    greets: bool
    thanks: bool
    nods: bool
    long: bool


class _Log:
    """The messages of a chat, and who spoke when and with whom, up to the one looked at."""

    def __init__(self, messages: Sequence[Said]) -> None:
        keys = {_key(said.speaker) for said in messages if not said.notice} - {""}
        first = Counter(key.split()[0] for key in keys if " " in key)
        self._names = {key: key for key in keys if len(key) > 1}
        # "Ann" for "Ann Lee", where there is no other Ann
        for key in keys:
            alias = key.split()[0] if key else ""
            if " " in key and first[alias] == 1 and len(alias) > 2:
                self._names.setdefault(alias, key)
        words = [frozenset(w.lower() for w in _WORD.findall(said.text)) for said in messages]
        self._uses = Counter(word for each in words for word in each)
        self.rarity = {word: math.log(len(words) / n) for word, n in self._uses.items()}
        self._common = max(30.0, len(words) * 0.02)
        self.seen = [self._look(said, each) for said, each in zip(messages, words, strict=True)]
        self.shut = [said.notice or said.aside for said in messages]
        self.last: dict[str, int] = {}
        self.addressed: dict[tuple[str, str], int] = {}
        self.answered: set[int] = set()

    def _look(self, said: Said, words: frozenset[str]) -> _Seen:
        key, text = _key(said.speaker), said.text
        match = _ADDRESSED.match(text)
        to = self._names.get(_key(match.group(1)), "") if match else ""
        to = to if to != key else ""
        found = {to} if to else set()
        for token in text.split():
            name = _key(token.strip("@:,.!?()<>'\""))
            meant = self._names.get(name, "")
            if len(name) > 2 and meant and (self._uses[name] <= self._common or token[0] == "@"):
                found.add(meant)
        for called in _AT.findall(text):
            parts = _key(called).split()[:4]
            full = (" ".join(parts[:n]).rstrip(":,.!?") for n in range(len(parts), 1, -1))
            found.update(name for name in full if name in self._names)
        return _Seen(
            key=key,
            words=words,
            to=to,
            names=frozenset(found - {key}),
            seconds=said.seconds,
            question="?" in text,
            asks=_ASKS.match(text) is not None,
            greets=_GREETING.match(text) is not None,
            thanks=_THANKS.search(text) is not None,
            nods=_NOD.match(text) is not None and len(text) < 40,
            long=len(text) > 80,
        )

    def add(self, place: int) -> None:
        """Take a message in, once it has been looked at."""
        said = self.seen[place]
        for name in said.names:
            self.addressed[said.key, name] = place
            if name in self.last:
                self.answered.add(self.last[name])
        self.last[said.key] = place

    def before(self, place: int) -> list[int]:
        """Return the messages that one may answer, in order."""
        said = self.seen[place]
        close = max(0, place - CLOSE)
        concerned = {said.key, *said.names}
        found = {
            n
            for n in range(max(0, place - WINDOW), close)
            if self.seen[n].key in concerned or said.key in self.seen[n].names
        }
        found.update(range(close, place))
        found.update(self.last.get(name, place) for name in concerned)
        return sorted(n for n in found if place - _MEMORY <= n < place and not self.shut[n])


def _key(name: str) -> str:
    # "ann_" and "ann|away" are ann, come back
    return name.strip().lower().partition("|")[0].rstrip("_`^")


# -- the signs


def candidates(log: _Log, place: int) -> list[tuple[int | None, dict[str, float]]]:
    """Return what a message may answer, each with its signs; None stands for a new beginning."""
    before = log.before(place)
    found: list[tuple[int | None, dict[str, float]]] = [
        (other, _signs(log, place, other, above=other == before[-1])) for other in before
    ]
    found.append((None, _signs_of_start(log, place)))
    return found


def _signs(log: _Log, place: int, other: int, *, above: bool) -> dict[str, float]:
    said, earlier = log.seen[place], log.seen[other]
    same = said.key == earlier.key
    latest = log.last.get(earlier.key) == other
    signs: dict[str, float] = {"distance": math.log(place - other)}
    if said.to == earlier.key:
        signs["addressed"] = 1.0
    elif earlier.key in said.names:
        signs["named"] = 1.0
    elif said.names and not same:
        signs["names_others"] = 1.0
    if said.key in earlier.names:
        if log.addressed.get((earlier.key, said.key)) == other:
            signs["told_me_last"] = 1.0
        if said.thanks and not earlier.question:
            signs["thanks_back"] = 1.0
    elif earlier.names and not same:
        signs["told_others"] = 1.0
    if said.names & earlier.names:
        signs["same_both"] = 1.0
    if same:
        signs.update(_of_oneself(said, earlier, latest=latest, above=above))
    else:
        signs.update(_of_others(log, place, other, latest=latest, above=above))
    if earlier.thanks:
        signs["they_thanked"] = 1.0
    if said.seconds is not None and earlier.seconds is not None:
        gap = said.seconds - earlier.seconds
        signs["minute_later"] = float(gap > 60)
        signs["half_hour_later"] = float(gap > 1800)
    shared = (said.words & earlier.words) - said.names - earlier.names
    if shared:
        weights = [log.rarity[word] for word in shared]
        signs["common"] = min(sum(w for w in weights if w > 2.5), 15.0) / 5
        signs["rare"] = float(max(weights) > 5)
    return signs


def _of_oneself(said: _Seen, earlier: _Seen, *, latest: bool, above: bool) -> dict[str, float]:
    return {
        "same": 1.0,
        "last_own": float(latest),
        "went_on": float(above),
        "own_question": float(earlier.question and not said.names),
    }


def _of_others(log: _Log, place: int, other: int, *, latest: bool, above: bool) -> dict[str, float]:
    said, earlier = log.seen[place], log.seen[other]
    pair = (said.key, earlier.key)
    talked = max(log.addressed.get(pair, -99), log.addressed.get(pair[::-1], -99))
    return {
        "their_last": float(latest),
        "talking": float(place - talked < 60),
        "asked": float(earlier.question),
        "open_question": float(earlier.question and earlier.asks and other not in log.answered),
        "other_above": float(above),
        "nod": float(above and said.nods),
    }


def _signs_of_start(log: _Log, place: int) -> dict[str, float]:
    said = log.seen[place]
    own = log.last.get(said.key)
    return {
        "start": 1.0,
        "start_greeting": float(said.greets),
        "start_question": float(said.question),
        "start_asking": float(said.asks),
        "start_addressed": float(bool(said.to)),
        "start_naming": float(bool(said.names)),
        "start_again": float(own is not None and place - own < 30),
        # at the top of a log everybody is new
        "start_newcomer": float(place - (own if own is not None else 0) > _AWAY),
        "start_nod": float(said.nods),
        "start_thanks": float(said.thanks),
        "start_long": float(said.long),
    }


def _best(log: _Log, place: int) -> Link:
    found = candidates(log, place)
    scores = [sum(WEIGHTS[name] * value for name, value in signs.items()) for _, signs in found]
    best = max(range(len(found)), key=lambda n: scores[n])
    whole = sum(math.exp(score - scores[best]) for score in scores)
    likely = 1 / whole
    if found[best][0] is None and likely < SURE_LINK and len(found) > 1:
        # of such beginnings one in five is one; to part what belongs together is the worse mistake
        best = max(range(len(found) - 1), key=lambda n: scores[n])
        likely = math.exp(scores[best] - scores[-1]) / whole
    answers, signs = found[best]
    if answers is None:
        return Link(None, round(likely, 3), "it starts something new")
    weights = {name: WEIGHTS[name] * value for name, value in signs.items() if name in _WORDS}
    strongest = max(weights, key=lambda name: weights[name], default="")
    why = _WORDS[strongest] if strongest and weights[strongest] > 0 else "it comes next"
    return Link(answers, round(likely, 3), why)
