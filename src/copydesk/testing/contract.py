"""The contract every platform keeps, as a test class to inherit from.

    class TestMine(PlatformContract):
        name = "mine"
        settings = {"url": "https://example.org"}

Nothing here opens a connection; `copydesk.testing.faults` does.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

import pytest

from copydesk.core.delivery import Action, part_count
from copydesk.core.findings import Severity
from copydesk.core.outcomes import Absent, Inconclusive, Landed
from copydesk.core.post import Content
from copydesk.platforms.kit.contract import Client
from copydesk.platforms.kit.manifest import Idempotency
from copydesk.platforms.kit.preview import render_preview
from copydesk.platforms.kit.quality import read_quality
from copydesk.platforms.kit.registry import platform_modules
from copydesk.platforms.kit.scaffold import to_dos
from copydesk.platforms.kit.transport import AnswerLost, NotSent, Reply
from copydesk.testing.clocks import NOON
from copydesk.testing.samples import (
    NODES,
    Case,
    sample_case,
    sample_content,
    sample_media,
    sample_subject,
)
from copydesk.transformation.forms import Form
from copydesk.transformation.tracking import Tracking

_MARKER = re.compile(r"kept\w+")
_NUMBERED = re.compile(r"sentence\d{4}")
_FIRST = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


class ClosedTransport:
    """A transport nothing gets through: declarations and translations need no network."""

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        """Raise `NotSent`."""
        raise NotSent("the network is closed")


@dataclass
class RecordingTransport:
    """A transport that takes down every call as it would leave, and loses every answer."""

    calls: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)

    async def call(self, method: str, url: str, **content: Any) -> Reply:
        """Note the call without what is not sent (the timeout); raise `AnswerLost`."""
        headers = {k.lower(): v for k, v in (content.pop("headers", None) or {}).items()}
        content.pop("timeout", None)
        self.calls.append((method, url, headers, repr(sorted(content.items()))))
        raise AnswerLost("nothing came back")


def _long_article(case: Case, form: Form) -> Content:
    """Return an article of numbered words that asks for `form`; it has everything a short form may
    stand on."""
    sentences = [f"This is sentence{number:04} of the article." for number in range(300)]
    paragraphs = [" ".join(sentences[start : start + 5]) for start in range(0, 300, 5)]
    content = sample_content(
        "\n\n".join(paragraphs),
        summary="In short, desks are open.",
        canonical_url="https://example.org/posts/desk",
    )
    return replace(content, overrides={case.platform.name: {"form": form.value}})


def _fields(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every field of a payload, however deep, with its name."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _fields(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _fields(inner, name)
    else:
        yield name, value


class PlatformContract:
    """What holds for every platform. Set `name`, and settings the made-up examples do not fit."""

    name: ClassVar[str]
    settings: ClassVar[Mapping[str, str]] = {}
    secrets: ClassVar[Mapping[str, str]] = {}
    #: Headers that differ from try to try by design. Standard Webhooks: the id stays, the timestamp
    #: is that of the try, since receivers refuse stale ones, and the signature covers it.
    moving_headers: ClassVar[frozenset[str]] = frozenset({"webhook-timestamp", "webhook-signature"})

    @pytest.fixture
    def case(self) -> Case:
        """The platform under test with an account."""
        return sample_case(self.name, self.settings, self.secrets)

    @pytest.fixture
    def client(self, case: Case, tmp_path: Path) -> Client:
        """A client of the account; connecting needs no network."""
        return case.platform.connect(case.session(ClosedTransport(), tmp_path))

    # -- the declaration --------------------------------------------------------------------------

    def test_name_is_the_same_everywhere(self, case: Case) -> None:
        assert platform_modules()[case.platform.name] == case.package
        assert case.platform.name == case.platform.manifest.name
        assert case.platform.manifest.title
        assert case.platform.manifest.summary

    def test_nothing_is_left_to_do(self, case: Case) -> None:
        left = to_dos(case.package)
        assert not left, "\n".join([f"{case.platform.name} is not finished:", *left])

    def test_every_limit_and_pace_names_its_source(self, case: Case) -> None:
        manifest = case.platform.manifest
        for name, limit in case.platform.limits(case.account).items():
            assert limit.source.strip(), f"limit {name} names no source"
        for pace in manifest.pace:
            assert pace.source.strip(), "a pace names no source"
        if manifest.api.sunset:
            assert manifest.api.source.strip(), "who says when the API version is retired?"

    def test_manifest_does_not_contradict_itself(self, case: Case, client: Client) -> None:
        manifest = case.platform.manifest
        if manifest.idempotency is Idempotency.NONE:
            assert manifest.idempotency_window is None, "a window of no idempotency"
        if manifest.reconcile.find:
            assert type(client).find is not Client.find, "reconcile.find, but the client cannot"
        batches = type(client).commit_batch is not Client.commit_batch
        assert (manifest.batch > 1) == batches, "batch and the client disagree"

    def test_what_comes_after_publishing_is_declared(self, case: Case, client: Client) -> None:
        manifest = case.platform.manifest
        if manifest.inspect:
            assert type(client).inspect is not Client.inspect, "`inspect`, but the client cannot"
            assert list(manifest.inspect) == sorted(manifest.inspect), "looks go back in time"
        assert manifest.can_delete != bool(manifest.no_delete.strip()), (
            "say can_delete, or in no_delete what a person can do instead"
        )
        assert manifest.can_update or manifest.edits is None, "a window to edit what cannot be"
        assert manifest.can_delete or manifest.deletes is None, "a window to delete what cannot be"

    def test_numbers_are_declared_where_they_can_be_asked_for(
        self, case: Case, client: Client
    ) -> None:
        asks = type(client).metrics is not Client.metrics
        assert bool(case.platform.manifest.metrics) == asks, "`metrics` and the client disagree"

    def test_what_cannot_be_proved_absent_is_never_repeated(self, case: Case) -> None:
        if not case.platform.reconcile(case.account).absence:
            idempotency = case.platform.idempotency(case.account)
            assert idempotency is Idempotency.NONE, "it may be under way, and would be repeated"

    def test_what_is_always_sent_is_in_the_code(self, case: Case) -> None:
        """A dangerous default of the form `field: …; it is always sent` is kept by naming it."""
        files = resources.files(case.package).iterdir()
        code = "".join(f.read_text(encoding="utf-8") for f in files if f.name.endswith(".py"))
        for words in case.platform.manifest.dangerous_defaults:
            fields, colon, promise = words.partition(":")
            if colon and "always sent" in promise:
                for field in fields.split(" and "):
                    name = field.strip().rpartition(".")[2]
                    assert re.search(rf"\b{re.escape(name)}\b", code), f"{name} is never sent"

    def test_api_versions_are_told_apart(self, case: Case) -> None:
        manifest = case.platform.manifest
        known = (manifest.api, *manifest.versions)
        assert len({v.version for v in known}) == len(known), "a version appears twice"
        for version in manifest.versions:
            assert version.source.strip(), f"version {version.version} names no source"
        for version in known:
            in_order = not (version.released and version.sunset) or (
                version.released < version.sunset
            )
            assert in_order, f"version {version.version} ends before it begins"

    @pytest.mark.parametrize("action", list(Action))
    async def test_a_closed_network_proves_nothing(
        self, case: Case, client: Client, action: Action
    ) -> None:
        if case.platform.manifest.local:
            pytest.skip("what is on this machine needs no network")
        outgoing = case.outgoing(sample_content(), sent_at=NOON, action=action, target_id="1")
        assert not isinstance(await client.find(outgoing), Landed | Absent)
        assert isinstance(await client.inspect(outgoing), Inconclusive)
        await client.close()

    def test_import_is_light(self, case: Case) -> None:
        source = resources.files(case.package).joinpath("__init__.py").read_text(encoding="utf-8")
        imported = {
            node.module or "" for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)
        }
        heavy = {module for module in imported if module.endswith((".client", ".render"))}
        assert not heavy, f"imported before it is needed: {', '.join(sorted(heavy))}"

    # -- settings ---------------------------------------------------------------------------------

    def test_settings_are_declared_properly(self, case: Case) -> None:
        declared = case.platform.settings
        assert len({setting.key for setting in declared}) == len(declared), "a key appears twice"
        for setting in declared:
            assert setting.help.strip(), f"{setting.key} has no help"
            assert not (setting.secret and setting.default), f"{setting.key}: a secret by default"
            if setting.choices and setting.default:
                assert setting.default in setting.choices, f"{setting.key}: impossible default"

    def test_sample_settings_are_accepted(self, case: Case) -> None:
        findings = case.platform.check_settings(case.account.settings, case.secrets)
        assert not [f for f in findings if f.severity is Severity.ERROR]

    def test_missing_and_unknown_settings_are_named(self, case: Case) -> None:
        fields = {finding.field for finding in case.platform.check_settings({}, {})}
        required = {setting.key for setting in case.platform.settings if setting.required}
        assert required <= fields, f"not asked for: {', '.join(sorted(required - fields))}"
        settings = {**case.account.settings, "no_such_setting": "x"}
        unknown = case.platform.check_settings(settings, case.secrets)
        assert "no_such_setting" in {finding.field for finding in unknown}

    # -- rendering --------------------------------------------------------------------------------

    def test_render_is_deterministic_and_json(self, case: Case) -> None:
        content = sample_content("\n\n".join(NODES.values()), media=(sample_media(),))
        first, second = case.render(content), case.render(content)
        assert first == second, "the same post was rendered differently"
        stored = json.loads(json.dumps(first.payload))
        assert stored == first.payload, "the payload changes when it is stored as JSON"

    @pytest.mark.parametrize("kind", list(NODES))
    def test_every_node_is_rendered_simplified_or_refused(self, case: Case, kind: str) -> None:
        media = (sample_media(),) if kind == "image" else ()
        rendition = case.render(sample_content(NODES[kind], media=media))
        shown = rendition.text + json.dumps(rendition.payload, ensure_ascii=False)
        lost = [word for word in _MARKER.findall(NODES[kind]) if word not in shown]
        explained = rendition.losses or case.errors(rendition)
        assert not lost or explained, f"silently lost from {kind}: {', '.join(lost)}"

    @pytest.mark.parametrize("with_link", [True, False])
    def test_a_long_post_is_whole_or_explained(self, case: Case, with_link: bool) -> None:
        words = [f"word{number:05}" for number in range(12_000)]
        url = "https://example.org/long" if with_link else ""
        rendition = case.render(sample_content(" ".join(words), canonical_url=url))
        shown = rendition.text + json.dumps(rendition.payload)
        whole = all(word in shown for word in words)
        assert whole or rendition.losses or case.errors(rendition), "cut without a word"

    @pytest.mark.parametrize("form", list(Form))
    def test_a_form_is_rendered_or_said_to_be_missing(self, case: Case, form: Form) -> None:
        manifest = case.platform.manifest
        rendition = case.render(_long_article(case, form))
        if manifest.forms == (Form.ARTICLE,) and form is not Form.ARTICLE:
            pytest.skip("it is the article in any case")
        if form not in manifest.forms:
            explained = rendition.losses or case.errors(rendition)
            assert explained, f"asked for as {form}, and nobody says that there is none"
            return
        assert rendition.text.strip(), f"as {form} it says nothing"
        refused = {finding.code for finding in case.errors(rendition)}
        if form is Form.ARTICLE:
            # the whole may be too long, and only a person can say what to leave out
            refused = {code for code in refused if not code.endswith("too_long")}
        assert not refused, f"as {form} it is refused: {', '.join(sorted(refused))}"
        parts = part_count(rendition.payload)
        most = case.platform.limits(case.account).get("parts")
        assert parts == 1 or form is Form.THREAD, f"a {form} in {parts} parts"
        assert not most or parts <= most.value, f"{parts} parts of {most.value}"

    def test_a_thread_is_previewed_part_by_part(self, case: Case) -> None:
        if Form.THREAD not in case.platform.manifest.forms:
            pytest.skip("there are no threads")
        rendition = case.render(_long_article(case, Form.THREAD))
        assert part_count(rendition.payload) > 1, "a long article fits one part?"
        shown = render_preview(case.package, rendition, case.account)
        for number, part in enumerate(rendition.payload["parts"], start=1):
            words = _NUMBERED.findall(json.dumps(part))
            assert not words or any(word in shown for word in words), f"part {number} is not shown"

    def test_the_canonical_address_is_given_untagged(self, case: Case) -> None:
        url = "https://example.org/posts/desk"
        tracking = Tracking(host="example.org", source="s", medium="social", campaign="c")
        content = sample_content(f"See [the desk]({url}).", canonical_url=url)
        subject = replace(sample_subject(content), tracking=tracking)
        recipients = case.platform.recipients(case.account, content)
        payload = case.platform.render(subject, case.account, recipients[0]).payload
        for name, value in _fields(payload):
            if "canonical" in name.lower() or name == "originalArticleURL":
                assert value in {url, ""}, f"{name} is {value}"

    def test_findings_can_be_acted_on(self, case: Case) -> None:
        rendition = case.render(sample_content("", title=""))
        long = case.render(sample_content("A long sentence again. " * 4_000))
        for finding in (*case.errors(rendition), *case.errors(long)):
            assert finding.code, "a finding has no code"
            assert finding.field, f"{finding.code} names no field"
            assert finding.message, f"{finding.code} says nothing"
            assert finding.remedy, f"{finding.code} does not say what to do"

    def test_validation_judges_what_was_stored(self, case: Case) -> None:
        rendition = case.render(sample_content("\n\n".join(NODES.values())))
        stored = replace(rendition, payload=json.loads(json.dumps(rendition.payload)))
        judge = case.platform.validate
        assert judge(stored, case.account) == judge(rendition, case.account)
        assert not case.errors(case.render(sample_content())), "a plain short post is refused"

    # -- secrets ----------------------------------------------------------------------------------

    def test_secrets_stay_hidden(self, case: Case, client: Client, tmp_path: Path) -> None:
        session = case.session(ClosedTransport(), tmp_path)
        rendition = case.render(sample_content())
        for shown in (case.platform, session, client, rendition):
            for key, secret in case.secrets.items():
                assert secret not in repr(shown), f"{key} shows in repr of {type(shown).__name__}"

    # -- repeating --------------------------------------------------------------------------------

    @pytest.mark.parametrize("action", list(Action))
    async def test_a_repeated_call_is_the_same_call(
        self, case: Case, action: Action, tmp_path: Path
    ) -> None:
        """A try an hour later has the same method, address, headers and bytes as the first.

        A platform can only tell a repetition from a new post when it is one. Headers that a
        standard wants fresh (`moving_headers`) may differ.
        """
        first, later = await self._tries(case, action, tmp_path)
        if not first:
            pytest.skip(f"{case.platform.name} makes no HTTP call for this; its own tests hold it")
        assert later == first
        if (
            action is Action.CREATE
            and case.platform.idempotency(case.account) is Idempotency.KEY_HEADER
        ):
            key = case.outgoing(sample_content(), sent_at=_FIRST).key
            assert any(key in headers.values() for _, _, headers, _ in first), "no key was sent"

    async def _tries(
        self, case: Case, action: Action, home: Path
    ) -> list[list[tuple[str, str, dict[str, str], str]]]:
        tries = []
        target = "" if action is Action.CREATE else "remote-1"
        for sent_at in (_FIRST, _FIRST + timedelta(hours=1)):
            transport = RecordingTransport()
            client = case.platform.connect(case.session(transport, home))
            outgoing = case.outgoing(
                sample_content(), sent_at=_FIRST, action=action, target_id=target
            )
            await client.commit(replace(outgoing, sent_at=sent_at))
            await client.close()
            tries.append(
                [
                    (method, url, self._unmoved(headers), content)
                    for method, url, headers, content in transport.calls
                ]
            )
        return tries

    def _unmoved(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {k: v for k, v in headers.items() if k not in self.moving_headers}

    # -- what comes with it -----------------------------------------------------------------------

    def test_readme_explains_every_setting(self, case: Case) -> None:
        readme = resources.files(case.package).joinpath("README.md").read_text(encoding="utf-8")
        missing = [s.key for s in case.platform.settings if f"`{s.key}`" not in readme]
        assert not missing, f"README.md does not mention: {', '.join(missing)}"

    def test_quality_is_recorded_truthfully(self, case: Case) -> None:
        assert read_quality(case.package).problems() == []

    def test_preview_shows_the_payload_and_runs_no_script(self, case: Case) -> None:
        body = "previewedword\n\n<script>alert(1)</script>"
        content = sample_content(body, title="Previewed <b>title</b>", media=(sample_media(),))
        rendition = case.render(content)
        shown = render_preview(case.package, rendition, case.account)
        assert "previewedword" in shown
        assert "<script>alert(1)" not in shown
        assert "Previewed <b>" not in shown
