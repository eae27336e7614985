"""The file each generator gets: path, front matter, escapes and image references."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.findings import Finding
from copydesk.platforms.git import PLATFORM
from copydesk.platforms.git.generators import GENERATORS, page_url, post_id_of
from copydesk.platforms.git.images import relink
from copydesk.platforms.git.render import file_text, merged_text
from copydesk.transformation.document import image_paths, parse_markdown
from copydesk.transformation.frontmatter import read_front_matter
from copydesk.transformation.html import to_html
from copydesk.transformation.slugs import is_slug
from tests.platforms.git.remotes import account, changed, content, outgoing, picture, subject

EXPECTED = Path(__file__).with_name("expected")

BODY = """First words.

![a map](<img/Kart Über.PNG>)

Use `{{ page.title }}` and {% include x %} or {{< youtube 1 >}}.
"""


@pytest.mark.parametrize("generator", list(GENERATORS))
def test_the_file_of_each_generator(generator: str) -> None:
    where = account("/srv/site.git", generator=generator, url="https://example.org")
    given = changed(subject(content(body=BODY, media=(picture(),))), title='He said: "no" #1')
    payload = outgoing(where, given).payload
    lines = [f"path: {payload['path']}", f"url: {payload['url']}", payload["images"][0]["path"]]
    text = file_text(payload["front_matter"], payload["body"])
    expected = (EXPECTED / f"{generator}.txt").read_text(encoding="utf-8")
    assert "\n".join(lines) + "\n\n" + text == expected


@pytest.mark.parametrize("generator", list(GENERATORS))
def test_every_file_names_its_post(generator: str) -> None:
    where = account("/srv/site.git", generator=generator)
    payload = outgoing(where).payload
    text = file_text(payload["front_matter"], payload["body"])
    assert post_id_of(read_front_matter(text)[0]) == "pst_hello-world"


@pytest.mark.parametrize(
    ("path", "generator", "url"),
    [
        ("content/posts/a.md", "hugo", "https://example.org/posts/a/"),
        ("_posts/2026-03-29-a.md", "jekyll", "https://example.org/2026/03/29/a.html"),
        ("src/content/blog/a.md", "astro", "https://example.org/a/"),
        ("posts/a.md", "eleventy", "https://example.org/posts/a/"),
        ("posts/a.md", "plain", "https://example.org/posts/a.md"),
    ],
)
def test_addresses_of_new_pages(path: str, generator: str, url: str) -> None:
    folder = GENERATORS[generator].folder
    assert page_url("https://example.org/", generator, path, folder) == url


@pytest.mark.parametrize(
    ("body", "escaped"),
    [
        ("{{< youtube 1 >}}", "{{</* youtube 1 */>}}"),
        ("{{% note %}}", "{{%/* note */%}}"),
        ("{{</* shown */>}}", "{{</*/* shown */*/>}}"),
        ("{{ page }} {%", "{{ page }} {%"),
        ("a {{< b {{< c >}}", "a { {< b {{</* c */>}}"),
    ],
)
def test_hugo_shows_shortcodes_instead_of_running_them(body: str, escaped: str) -> None:
    assert GENERATORS["hugo"].escape(body)[0] == escaped


def test_a_shortcode_that_cannot_be_shown_is_said() -> None:
    rendition = PLATFORM.render(subject(content(body="lone {{< bracket")), account("/srv/site.git"))
    assert any("bracket" in loss.what for loss in rendition.losses)


def liquid(text: str) -> str:
    """Evaluate the few tags that escaping makes, as Liquid's tokenizer splits them."""
    out, position = [], 0
    raw = False
    for found in re.finditer(r"\{%-?\s*(raw|endraw)\s*-?%\}|\{\{ \"(\{%)\" \}\}", text):
        kind = found[1]
        if raw and kind != "endraw":
            continue
        assert raw or "{%" not in text[position : found.start()]
        assert raw or "{{" not in text[position : found.start()]
        out.append(text[position : found.start()])
        position = found.end()
        if kind is None:
            out.append(found[2])
        raw = kind == "raw"
    assert not raw
    out.append(text[position:])
    return "".join(out)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(["{%", "%}", "{{", "}}", " raw ", "endraw", "- ", "x", "\n", "{#"]))
)
def test_liquid_prints_what_the_author_wrote(pieces: list[str]) -> None:
    body = "".join(pieces)
    escaped = GENERATORS["jekyll"].escape(body)[0]
    assert liquid(escaped).strip("\n") == body.strip("\n")


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["{{<", ">}}", "{{%", "%}}", "/*", "*/", " a ", "\n", "{", "}"])))
def test_hugo_finds_no_shortcode_that_would_run(pieces: list[str]) -> None:
    escaped, losses = GENERATORS["hugo"].escape("".join(pieces))
    opened = re.findall(r"\{\{[<%]", escaped)
    shown = re.findall(r"\{\{<(?=/\*).*?\*/>\}\}|\{\{%(?=/\*).*?\*/%\}\}", escaped, re.DOTALL)
    assert len(opened) == len(shown)
    assert bool(losses) == ("{ {" in escaped and "{ {" not in "".join(pieces))


@pytest.mark.parametrize(
    "body",
    [
        '![a](a.png) and ![b](./a.png "title") and ![c](<a.png>)',
        "![a][one]\n\n[one]: a.png 'x'\n",
        '<img src="a.png" alt="x">\n\n<p><img alt=y src=a.png></p>',
        "```\n![a](a.png)\n```\n\n![a](a.png)\n\n`![a](a.png)`",
        "    ![a](a.png)\n\n[text](a.png) ![a](a.png)",
        "1. ![a](a.png)\n\n> ![b](a.png)\n\n| x |\n|---|\n| ![c](a.png) |",
    ],
)
def test_only_image_references_change(body: str) -> None:
    new, stuck = relink(body, {"a.png": "/images/p/a-1.png"})
    assert stuck == ()

    def moved(path: str) -> str:
        return "/images/p/a-1.png" if path.removeprefix("./") == "a.png" else path

    assert to_html(parse_markdown(new)) == to_html(parse_markdown(body), image_url=moved)
    assert {r.path for r in image_paths(parse_markdown(new))} == {"/images/p/a-1.png"}


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def test_what_cannot_be_published_is_found_before() -> None:
    where = account("/srv/site.git")

    def found(**fields: object) -> list[str]:
        slug = str(fields.pop("slug", "hello-world"))
        made = PLATFORM.render(subject(content(slug, **fields)), where)
        return codes(PLATFORM.validate(made, where))

    assert found() == []
    assert found(slug="../../etc") == ["slug_unsafe"]
    assert found(title=" ") == ["title_missing"]
    assert found(body="![gone](img/gone.png)") == ["image_missing"]
    assert found(body="![far](https://example.org/a.png) ![site](/logo.png)") == []
    assert found(body="x" * 50_000_001) == ["file_too_large"]


@settings(max_examples=60, deadline=None)
@given(
    title=st.text(max_size=60),
    tags=st.lists(st.text(max_size=10), max_size=3),
    slug=st.text(max_size=20),
)
def test_any_title_and_tag_comes_back_from_the_file(title: str, tags: list[str], slug: str) -> None:
    where = account("/srv/site.git")
    given_subject = subject(content(slug, title=title, tags=tuple(tags)), post_id="pst_1")
    made = PLATFORM.render(given_subject, where)
    text = file_text(made.payload["front_matter"], made.payload["body"])
    fields = yaml.safe_load(text.split("\n---\n")[0])
    assert fields.get("title", "") == title
    assert fields["tags"] == tags
    if "slug_unsafe" not in codes(PLATFORM.validate(made, where)):
        assert is_slug(slug)


def test_an_update_changes_a_file_once_and_then_no_more() -> None:
    where = account("/srv/site.git")
    first = subject()
    before = outgoing(where, first).payload
    after = outgoing(where, changed(first, title="New", tags=())).payload
    existing = file_text(before["front_matter"], before["body"]).replace(
        "draft", "layout: wide\ndraft"
    )
    once = merged_text(existing, after)
    assert merged_text(once, after) == once
    assert "layout" in once
    assert "tags: []" in once


@pytest.mark.parametrize(
    ("changes", "secrets", "field"),
    [
        ({"remote": "https://user:pass@example.org/a.git"}, {}, "remote"),
        ({"remote": "ext::sh -c touch% x"}, {}, "remote"),
        ({"remote": "--upload-pack=touch x"}, {}, "remote"),
        ({"remote": "../site.git"}, {}, "remote"),
        ({"remote": "http://example.org/a.git"}, {"token": "t"}, "token"),
        ({"branch": "a..b"}, {}, "branch"),
        ({"branch": "-x"}, {}, "branch"),
        ({"folder": "../.."}, {}, "folder"),
        ({"images": ".git/hooks"}, {}, "images"),
        ({"author_name": "Eve <eve@example.org>\n"}, {}, "author_name"),
        ({"generator": "gatsby"}, {}, "generator"),
        ({"remotes": "x"}, {}, "remotes"),
    ],
)
def test_settings_that_cannot_work_are_named(
    changes: dict[str, str], secrets: dict[str, str], field: str
) -> None:
    given_settings = {"remote": "https://example.org/a.git", **changes}
    found = PLATFORM.check_settings(given_settings, secrets)
    assert {finding.field for finding in found} == {field}
    assert not any("pass" in finding.message for finding in found)


@pytest.mark.parametrize(
    "remote",
    ["https://example.org/a.git", "git@example.org:owner/a.git", "ssh://git@example.org/a.git",
     "file:///srv/a.git", "/srv/a.git"],
)  # fmt: skip
def test_remotes_that_work(remote: str) -> None:
    assert PLATFORM.check_settings({"remote": remote, "branch": "feature/a-1"}, {}) == []


def test_the_preview_shows_the_page_and_escapes_the_rest() -> None:
    where = account("/srv/site.git", url="https://example.org")
    source = (Path(__file__).parents[3] / "src/copydesk/platforms/git/preview.html").read_text()
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        source
    )
    payload = outgoing(where, subject(content(title="<b>x</b>", body="**bold**"))).payload
    page = template.render(payload=payload)
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<strong>bold</strong>" in page
    assert "content/posts/hello-world.md" in page
