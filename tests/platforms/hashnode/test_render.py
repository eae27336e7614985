"""What a post becomes on Hashnode, and that its requests are what the schema takes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.delivery import Action, Delivery
from copydesk.core.findings import Severity
from copydesk.core.post import Content, Media
from copydesk.core.states import DeliveryState
from copydesk.platforms.hashnode import PLATFORM, documents
from copydesk.platforms.hashnode.documents import CREATE_DRAFT, UPDATE_POST
from copydesk.platforms.hashnode.placing import placed, placeholder, same_body
from copydesk.platforms.hashnode.requests import draft_input, request_size, update_input
from copydesk.testing.clocks import NOON
from copydesk.testing.contract import PlatformContract
from copydesk.testing.fake_hashnode import MOST_BYTES, MOST_DEPTH, PUBLICATION
from copydesk.testing.graphql import read_operation
from copydesk.testing.samples import NODES, sample_case, sample_content, sample_media

PAGE = "https://example.org/posts/desk/"
HASH = sample_media().sha256


class TestHashnode(PlatformContract):
    name = "hashnode"


CASE = sample_case("hashnode")


def sample_delivery() -> Delivery:
    return Delivery(
        id="dlv_01kbk7sample",
        workspace_id="wsp_01kbk7sample",
        account_id=CASE.account.id,
        post_id="pst_01kbk7sample",
        revision_id="rev_01kbk7sample",
        rendition_id="ren_01kbk7sample",
        action=Action.CREATE,
        state=DeliveryState.HELD,
        due_at=NOON,
        key="0123456789abcdef0123456789abcdef",
    )


def payload_of(content: Content) -> Any:
    return CASE.render(content).payload


def codes(content: Content) -> list[str]:
    return [f.code for f in PLATFORM.validate(CASE.render(content), CASE.account)]


def override(content: Content, **fields: Any) -> Content:
    return replace(content, overrides={"hashnode": fields})


# -- fields ---------------------------------------------------------------------------------------


def test_tags_keep_their_names() -> None:
    payload = payload_of(replace(sample_content(), tags=("Open Source", "C++", "open-source")))
    assert payload["tags"] == [
        {"slug": "open-source", "name": "Open Source"},
        {"slug": "c", "name": "C++"},
    ]


def test_too_many_tags_are_a_loss() -> None:
    rendition = CASE.render(replace(sample_content(), tags=tuple(f"tag{n}" for n in range(17))))
    assert len(rendition.payload["tags"]) == 15
    assert any("tag16" in loss.what for loss in rendition.losses)


def test_nobody_is_mailed_unless_somebody_says_so() -> None:
    assert payload_of(sample_content())["newsletter"] is False
    case = sample_case("hashnode", {"newsletter": "yes"})
    assert case.render(sample_content()).payload["newsletter"] is True
    quiet = override(sample_content(), newsletter=False)
    assert case.render(quiet).payload["newsletter"] is False


def test_an_override_that_is_no_flag_is_told() -> None:
    rendition = CASE.render(override(sample_content(), newsletter="maybe", wording="x"))
    assert rendition.payload["newsletter"] is False
    assert {loss.what for loss in rendition.losses} == {
        "override 'newsletter'",
        "override 'wording'",
    }


def test_an_authors_own_fields_win() -> None:
    content = override(
        replace(sample_content(summary="In short."), series="The desk"),
        subtitle="Another one",
        series="Other Things",
        delisted=True,
        comments=False,
        table_of_contents=True,
    )
    payload = payload_of(content)
    assert (payload["subtitle"], payload["description"]) == ("Another one", "In short.")
    assert payload["series"] == "other-things"
    assert (payload["delisted"], payload["comments"], payload["table_of_contents"]) == (
        True, False, True,
    )  # fmt: skip


# -- the dialect ----------------------------------------------------------------------------------


def test_embeds_are_written_as_hashnode_reads_them() -> None:
    content = sample_content(
        "::embed[A film]{url=https://youtu.be/abc}\n\n::cta[Get it]{url=https://example.org/get}"
    )
    embed, _, link = payload_of(content)["body"].partition("\n\n")
    assert embed == "%[https://youtu.be/abc]"
    assert "[Get it](https://example.org/get)" in link


def test_headings_start_below_the_title_and_tasks_stay() -> None:
    body = payload_of(sample_content("# First\n\n- [x] done\n- [ ] open"))["body"]
    assert body == "## First\n\n- [x] done\n- [ ] open"


def test_footnotes_and_html_are_told() -> None:
    losses = CASE.render(sample_content("A <u>word</u>.[^1]\n\n[^1]: A note.")).losses
    assert [loss.what for loss in losses] == ["footnote", "raw HTML <u>"]


# -- images ---------------------------------------------------------------------------------------


def test_images_are_uploaded_once_and_have_a_place_until_then() -> None:
    content = replace(
        sample_content(
            "![A pixel](pixel.png)\n\n![Again](pixel.png)\n\n![Far](https://example.net/a.png)",
            media=(sample_media(),),
        ),
        cover="pixel.png",
    )
    rendition = CASE.render(content)
    assert rendition.payload["files"] == {"pixel.png": placeholder(HASH)}
    assert rendition.media == (sample_media(),)
    addresses = {placeholder(HASH): "https://cdn.hashnode.com/a.png"}
    sent = draft_input(rendition.payload, PUBLICATION, "", addresses)
    assert sent["contentMarkdown"] == (
        "![A pixel](https://cdn.hashnode.com/a.png)\n\n"
        "![Again](https://cdn.hashnode.com/a.png)\n\n"
        "![Far](https://example.net/a.png)"
    )
    assert sent["coverImageOptions"]["coverImageURL"] == "https://cdn.hashnode.com/a.png"


def test_what_hashnode_does_not_take_needs_a_public_address() -> None:
    drawing = Media(name="a.svg", content_type="image/svg+xml", sha256="svg", size=9)
    content = sample_content("![A drawing](a.svg)", media=(drawing,))
    assert codes(content) == ["image_not_public"]
    assert codes(replace(content, canonical_url=PAGE)) == []
    assert f"({PAGE}a.svg)" in payload_of(replace(content, canonical_url=PAGE))["body"]


@pytest.mark.parametrize(
    "content",
    [
        sample_content("![Nowhere](missing.png)"),
        sample_content('<img src="pixel.png" alt="A pixel">', media=(sample_media(),)),
        replace(sample_content(), cover="missing.png"),
    ],
)
def test_images_that_nobody_has_are_refused(content: Content) -> None:
    assert codes(content) == ["image_not_public"]


def test_an_image_without_a_description_is_pointed_out() -> None:
    (finding,) = PLATFORM.validate(
        CASE.render(sample_content("![](https://example.org/a.png)")), CASE.account
    )
    assert (finding.code, finding.severity) == ("alt_missing", Severity.WARNING)


def test_where_images_were_uploaded_to_does_not_count() -> None:
    sent = f"See ![a pixel]({placeholder(HASH)}) here."
    assert same_body(placed(sent, {placeholder(HASH): "https://cdn.hashnode.com/1.png"}), sent)
    assert same_body("See ![a pixel](<https://cdn.hashnode.com/2.png>)\nhere.", sent)
    assert not same_body("See ![a dot](https://cdn.hashnode.com/1.png) here.", sent)
    assert not same_body(None, sent)


# -- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (sample_content(title=""), "title_missing"),
        (sample_content(title="x" * 251), "title_too_long"),
        (sample_content(""), "body_missing"),
        (sample_content("ö" * 50_000), "text_too_long"),
        (sample_content(canonical_url="https://example.org/a b"), "address_invalid"),
        (replace(sample_content(), cover="ftp://example.org/a.png"), "address_invalid"),
    ],
)
def test_what_hashnode_would_refuse_is_refused_here(content: Content, code: str) -> None:
    assert code in codes(content)


@given(st.integers(0, 60_000), st.sampled_from(["x", "ö", '"', "\n\nx", "![p](pixel.png) "]))
@settings(max_examples=40, deadline=None)
def test_what_is_taken_fits_into_a_request(count: int, piece: str) -> None:
    content = sample_content(
        "Words. " + piece * min(count, 100_000 // len(piece)), media=(sample_media(),)
    )
    rendition = CASE.render(content)
    if CASE.errors(rendition):
        return
    address = f"https://cdn.hashnode.com/res/hashnode/image/upload/v1712345678901/{'x' * 36}.png"
    addresses = dict.fromkeys(rendition.payload["files"].values(), address)
    made = draft_input(rendition.payload, PUBLICATION, PUBLICATION, addresses)
    changed = update_input(rendition.payload, PUBLICATION, PUBLICATION, addresses)
    for document, given_input in ((CREATE_DRAFT, made), (UPDATE_POST, changed)):
        request = {"query": document, "variables": {"input": given_input}}
        size = len(json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode())
        assert size <= MOST_BYTES
        if document is CREATE_DRAFT:
            assert size <= request_size(rendition.payload)


@given(
    st.lists(st.sampled_from([*NODES.values(), "%[x]", "---"]) | st.text(max_size=30), max_size=8)
)
@settings(max_examples=40, deadline=None)
def test_any_post_is_rendered(pieces: list[str]) -> None:
    content = sample_content("\n\n".join(pieces), media=(sample_media(),), canonical_url=PAGE)
    rendition = CASE.render(content)
    assert CASE.errors(rendition) or rendition.payload["body"].strip()


# -- documents ------------------------------------------------------------------------------------

DOCUMENTS = {
    name: text
    for name, text in vars(documents).items()
    if name.isupper() and isinstance(text, str) and not name.startswith("_")
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_themselves_and_are_shallow(name: str) -> None:
    text = DOCUMENTS[name]
    operation = read_operation(text)
    assert operation.name
    assert operation.depth < MOST_DEPTH
    declared = re.findall(r"\$(\w+):", text)
    used = set(re.findall(r"\$(\w+)(?!\w|:)", text))
    assert sorted(declared) == sorted(used), "a variable is declared and not used, or the reverse"


# -- settings and addresses -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"publication": "https://blog.example.com/"}, "publication"),
        ({"publication": "blog example"}, "publication"),
        ({"base_url": "http://gql.example.com"}, "base_url"),
        ({"images_url": "images"}, "images_url"),
        ({"newsletter": "sometimes"}, "newsletter"),
        ({"publication": "blog.example.com"}, ""),
        ({"publication": PUBLICATION}, ""),
        ({"base_url": "http://127.0.0.1:4000/graphql"}, ""),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, str], field: str) -> None:
    given = {"publication": "desk", **settings}
    found = [f.field for f in PLATFORM.check_settings(given, {"access_token": "x" * 20})]
    assert found == ([field] if field else [])


@pytest.mark.parametrize(
    ("url", "id"),
    [
        (f"https://hashnode.com/posts/copy-desks/{PUBLICATION}", PUBLICATION),
        (f"https://hashnode.com/posts/copy-desks/{PUBLICATION}/comment/x", PUBLICATION),
        (f"https://hashnode.example/posts/copy-desks/{PUBLICATION}", ""),
        ("https://blog.example.com/copy-desks", ""),
        ("", ""),
    ],
)
def test_an_address_that_names_the_post_is_read(url: str, id: str) -> None:
    assert PLATFORM.remote_id(url, CASE.account, sample_delivery()) == id
