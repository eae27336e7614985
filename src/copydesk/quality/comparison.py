"""A source and its rewrite side by side: ledgers, words, and what one has alone."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import chain

from copydesk.core.checks import Evidence
from copydesk.core.corrections import Correction, Span, as_meant, corrections
from copydesk.core.ledger import Ledger, ProtectedToken, added, extract, missing
from copydesk.quality.equivalents import is_said_otherwise
from copydesk.quality.lexicon import Lexicon, lexicon
from copydesk.quality.pairings import Pairing, paired
from copydesk.quality.wording import Sentence, Word, Wording


class Comparison:
    """What every check of one rewrite shares, worked out once.

    Args:
        source: the author's text.
        text: the rewrite.
        language: BCP 47 tag of both, "" if unknown.
        omitted: what the rewrite says it left out, in its own words.
        support: whatever else may support facts of the rewrite (a document, earlier messages).

    `meant` is the source without what its author took back in it (`taken_back`); `ours` are its
    words, `said` those of the whole source.
    """

    def __init__(
        self,
        source: str,
        text: str,
        *,
        language: str = "",
        omitted: Sequence[str] = (),
        support: str = "",
    ) -> None:
        self.language = language.partition("-")[0].lower()
        self.source: Ledger = extract(source, language=language)
        self.text: Ledger = extract(text, language=language)
        self.support: Ledger = extract(support, language=language)
        self.omitted = tuple(omitted)
        self._excuses = " \n ".join(omitted).casefold()
        self.lexicon: Lexicon = lexicon(self.language)
        self.taken_back: tuple[Correction, ...] = corrections(self.source)
        self.meant: Ledger = as_meant(self.source, self.taken_back)
        # a text is read the same way, for it may tell the story with its turns
        shown = corrections(self.text) if self.taken_back else ()
        self._told: Ledger = as_meant(self.text, shown)
        self.ours = Wording(self.meant, self.language)
        self.said = Wording(self.source, self.language) if self.taken_back else self.ours
        self.theirs = Wording(self._told, self.language)
        self.known = Wording(self.support, self.language)

    def is_omitted(self, token: ProtectedToken) -> bool:
        """Whether the rewrite says that it left this token out."""
        said = (token.text.casefold(), token.norm.casefold())
        return bool(self._excuses) and any(words in self._excuses for words in said)

    @cached_property
    def is_unchanged(self) -> bool:
        """Whether source and text have the same words in the same order."""
        return self.source.text.split() == self.text.text.split()

    def is_alike(self, pairing: Pairing) -> bool:
        """Whether both sides of a pairing have the same words in the same order."""
        if len(pairing.source) == len(pairing.text) == 1:
            return pairing.source[0].words == pairing.text[0].words
        ours = [word for sentence in pairing.source for word in sentence.words]
        return ours == [word for sentence in pairing.text for word in sentence.words]

    def excuses(self, text: str) -> bool:
        """Whether the rewrite says that it left out `text`, word for word."""
        return bool(self._excuses) and text.casefold() in self._excuses

    def at(self, word: Word, message: str, signal: str) -> Evidence:
        """Return evidence that points at a word of the text."""
        return self.spanning([word], "text", message, signal)

    def spanning(
        self, pieces: Sequence[Word | Sentence], where: str, message: str, signal: str
    ) -> Evidence:
        """Return evidence that points at a stretch, from the first piece to the last."""
        start, end = pieces[0].start, pieces[-1].end
        whole = self.source.text if where == "source" else self.text.text
        return Evidence(
            message=message,
            span=whole[start:end],
            where=where,
            start=start,
            end=end,
            signal=signal,
        )

    @cached_property
    def lost(self) -> tuple[ProtectedToken, ...]:
        """Tokens of the source that the text says in no form and the author did not take back."""
        gone = missing(self.meant, self._told)
        return tuple(token for token in gone if not is_said_otherwise(token, self.theirs))

    @cached_property
    def unsupported(self) -> tuple[ProtectedToken, ...]:
        """Tokens of the text that neither the source nor the support has, in order of place.

        What the author took back has none, unless the text says beside it what stands instead.
        """
        foreign = [
            token
            for token in added(self.meant, self._told)
            if not is_said_otherwise(token, self.ours) and not self._is_put_right(token)
        ]
        if not self.support.text or not foreign:
            return tuple(foreign)
        places = {token.start for token in added(self.support, self.text)}
        return tuple(token for token in foreign if token.start in places)

    def was_taken_back(self, token: ProtectedToken) -> bool:
        """Whether the author of the source took back what this token of the text says."""
        return token.norm in self._replaced

    @cached_property
    def _replaced(self) -> dict[str, set[str]]:
        """What the author of the source took back, and what stands instead of it, as norms."""
        found: dict[str, set[str]] = {}
        tokens = self.source.tokens if self.taken_back else ()
        starts = [token.start for token in tokens]

        def norms(span: Span) -> list[str]:
            first, last = bisect_left(starts, span[0]), bisect_left(starts, span[1])
            return [token.norm for token in tokens[first:last]]

        for one in self.taken_back:
            for old in chain.from_iterable(map(norms, one.taken_back)):
                found.setdefault(old, set()).update(norms(one.instead))
        return found

    def _is_put_right(self, token: ProtectedToken) -> bool:
        """Whether the text says in a sentence, or beside it, what stands instead of a token.

        It has to say so as often as the source: elsewhere the same value may mean another thing.
        """
        instead = self._replaced.get(token.norm)
        if not instead:
            return False
        spans = self.text.sentences
        here = max(0, bisect_right(spans, (token.start, len(self.text.text))) - 1)
        near = spans[max(0, here - 1)][0], spans[min(len(spans) - 1, here + 1)][1]
        beside = instead & {t.norm for t in self.text.tokens if near[0] <= t.start < near[1]}
        return any(
            sum(t.norm == norm for t in self.text.tokens)
            >= sum(t.norm == norm for t in self.meant.tokens)
            for norm in beside
        )

    @cached_property
    def apart(self) -> tuple[list[int], list[int]]:
        """Numbers of the sentences of source and text that the other does not have as they are."""
        return self.ours.apart_from(self.theirs), self.theirs.apart_from(self.ours)

    @cached_property
    def gone(self) -> tuple[Word, ...]:
        """Words of the source that carry content and that the text says in no form."""
        return tuple(
            word
            for number in self.apart[0]
            for word in self.ours.content_of(number)
            if not self.theirs.says(word.stem) and not self.theirs.says_parted(word, self.ours)
        )

    @cached_property
    def come(self) -> tuple[Word, ...]:
        """Words of the text that carry content and that neither source nor support says.

        What the author took back was said; whether it may stand is for others to see.
        """
        return tuple(
            word
            for number in self.apart[1]
            for word in self.theirs.content_of(number)
            if not self.said.says(word.stem)
            and not self.known.says(word.stem)
            and not self.said.says_parted(word, self.theirs)
        )

    @cached_property
    def pairings(self) -> tuple[Pairing, ...]:
        """Sentences of source and text that belong together."""
        return paired(self.ours.sentences, self.theirs.sentences)
