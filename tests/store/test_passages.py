"""Our own texts, found the same way on both databases."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from copydesk.core.passages import Passage, PassageKind
from copydesk.core.terms import terms
from copydesk.store import Store, UnitOfWork

TEXTS = {
    "en": ("The library opens at nine.", "Deliveries leave the harbour on Monday."),
    "de": ("Die Bücherei öffnet um neun.", "Lieferungen verlassen den Hafen am Montag."),
    "hi": ("पुस्तकालय नौ बजे खुलता है।", "सामान सोमवार को बंदरगाह से जाता है।"),
    "zh": ("图书馆九点开门。", "货物星期一离开港口。"),
}
QUERIES = {"en": "delivery harbour", "de": "eine Lieferung", "hi": "बंदरगाह", "zh": "从港口"}


def passage(text: str, position: int = 0, **more: object) -> Passage:
    known: dict[str, object] = {
        "kind": PassageKind.POST,
        "source_id": "pst_1",
        "version": "rev_1",
        "title": "",
    }
    return Passage(text=text, position=position, **{**known, **more})  # type: ignore[arg-type]


async def workspace(unit: UnitOfWork, name: str = "desk") -> str:
    return (await unit.workspaces.ensure(name, "person")).id


async def found(unit: UnitOfWork, id: str, query: str) -> Sequence[str]:
    rows = await unit.passages.by_words(id, PassageKind.POST, terms(query), 10)
    return [row.text for row in rows]


@pytest.mark.parametrize("language", list(TEXTS))
async def test_passages_are_found_by_words_in_any_language(store: Store, language: str) -> None:
    async with store.begin("test") as unit:
        id = await workspace(unit)
        rows = [passage(text, n) for n, text in enumerate(TEXTS[language])]
        await unit.passages.put(id, "pst_1", rows)
        assert await found(unit, id, QUERIES[language]) == [TEXTS[language][1]]


async def test_what_is_put_again_or_removed_is_found_no_more(store: Store) -> None:
    async with store.begin("test") as unit:
        id = await workspace(unit)
        await unit.passages.put(id, "pst_1", [passage("The bridge is closed.")])
        await unit.passages.put(id, "pst_2", [passage("The bridge is old.", source_id="pst_2")])
        await unit.passages.put(id, "pst_1", [passage("The tunnel is open.")])
        assert await found(unit, id, "bridge") == ["The bridge is old."]
        assert await found(unit, id, "tunnel") == ["The tunnel is open."]
        await unit.passages.remove(id, ["pst_1"])
        assert await found(unit, id, "tunnel") == []
        await unit.passages.remove_kind(id, PassageKind.POST)
        assert await found(unit, id, "bridge") == []


async def test_another_workspace_finds_nothing(store: Store) -> None:
    async with store.begin("test") as unit:
        one, other = await workspace(unit, "one"), await workspace(unit, "two")
        await unit.passages.put(one, "pst_1", [passage("The bridge is closed.")])
        assert await found(unit, other, "bridge") == []
        assert await unit.passages.newest(other, PassageKind.POST, "", 10) == []


@pytest.mark.parametrize("words", ["", "'\" OR x:* NEAR(", "a'b\\ & !c | (d)", "\0"])
async def test_no_query_is_read_as_anything_but_words(store: Store, words: str) -> None:
    async with store.begin("test") as unit:
        id = await workspace(unit)
        await unit.passages.put(id, "pst_1", [passage(f"The bridge {words} is closed.")])
        await found(unit, id, words)
        assert len(await found(unit, id, f"bridge {words}")) == 1


async def test_vectors_come_back_as_they_were(store: Store) -> None:
    vector = [0.5, -0.25, 0.0, 1.0]
    async with store.begin("test") as unit:
        id = await workspace(unit)
        await unit.passages.put(id, "pst_1", [passage("x", embedder="e", vector=vector)])
        (row,) = await unit.passages.newest(id, PassageKind.POST, "e", 10)
        assert list(row.vector) == vector
        assert (row.id, row.version) == ("pst_1#0", "rev_1")
        assert await unit.passages.newest(id, PassageKind.POST, "another", 10) == []


async def test_each_style_guide_is_a_version_of_its_own(store: Store) -> None:
    async with store.begin("ada") as unit:
        id = await workspace(unit)
        assert await unit.passages.style(id) is None
        assert (await unit.passages.add_style(id, "Write Sunday.")).name == "style.v1"
        assert (await unit.passages.add_style(id, "Write Sun.")).name == "style.v2"
        guide = await unit.passages.style(id)
    assert guide is not None
    assert (guide.number, guide.text) == (2, "Write Sun.")
