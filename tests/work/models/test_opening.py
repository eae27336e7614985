"""Which models settings name, who stands in for whom, and which key goes to which server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from copydesk.config import Settings, load_settings
from copydesk.core.errors import ConfigError
from copydesk.core.post import Tier
from copydesk.generation.fallback import Fallback
from copydesk.testing.clocks import StoppedClock
from copydesk.work.desk import Desk
from copydesk.work.examining import examine
from copydesk.work.models.opening import configured_models, opened_model, opened_models
from tests.generation.model_server import ModelServer, chat_completion
from tests.work.models.test_booked import REQUEST, rows

OWN = "http://127.0.0.1:9/v1"


def settings(**values: object) -> Settings:
    return replace(Settings(home=Path("/nowhere"), database=""), **values)  # type: ignore[arg-type]


def test_each_tier_has_its_models_in_order() -> None:
    found = configured_models(
        settings(
            model="anthropic:claude-sonnet-5-5",
            fallback_model=("openai:gpt-6.1-terra", f"openai:own@{OWN}"),
            light_model="openai:gpt-6-luna",
            light_fallback_model=("ollama:qwen3",),
        )
    )
    assert [(one.tier, one.address.label) for one in found] == [
        (Tier.CAPABLE, "anthropic:claude-sonnet-5-5"),
        (Tier.CAPABLE, "openai:gpt-6.1-terra"),
        (Tier.CAPABLE, "openai:own@127.0.0.1:9"),
        (Tier.LIGHT, "openai:gpt-6-luna"),
        (Tier.LIGHT, "ollama:qwen3"),
    ]


def test_a_key_goes_to_its_own_server_and_to_no_other() -> None:
    found = configured_models(
        settings(
            model="openai:gpt-6.1-terra",
            model_key="k-openai",
            light_model="openai:gpt-6-luna",
            fallback_model=("anthropic:claude-sonnet-5-5", f"openai:own@{OWN}"),
            fallback_model_key=("k-anthropic",),
        )
    )
    keys = {one.address.label: one.key for one in found}
    assert keys == {
        "openai:gpt-6.1-terra": "k-openai",
        "openai:gpt-6-luna": "k-openai",
        "anthropic:claude-sonnet-5-5": "k-anthropic",
        "openai:own@127.0.0.1:9": "",
    }
    assert [one.address.label for one in found if one.lacks_key] == []


def test_a_key_that_is_missing_is_told() -> None:
    (one,) = configured_models(settings(light_model="anthropic:claude-haiku-5-5"))
    assert one.lacks_key


def test_every_line_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        configured_models(
            settings(model="gpt", light_model="nobody:x", model_facts=("my-model window=much",))
        )
    said = "; ".join(caught.value.problems)
    for words in ("model: ", "light_model: ", "model_facts my-model"):
        assert words in said


def test_lists_come_from_the_file_and_with_commas_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copydesk.toml").write_text(
        'fallback_model = ["ollama:a", "ollama:b"]\nmodel_facts = ["a window=9000"]\n'
        "model_timeout = 5\n"
    )
    loaded = load_settings(tmp_path)
    assert loaded.fallback_model == ("ollama:a", "ollama:b")
    assert (loaded.model_facts, loaded.model_timeout) == (("a window=9000",), 5.0)
    monkeypatch.setenv("COPYDESK_FALLBACK_MODEL", "ollama:c, ollama:d")
    monkeypatch.setenv("COPYDESK_FALLBACK_MODEL_KEY", "one,two")
    loaded = load_settings(tmp_path)
    assert loaded.fallback_model == ("ollama:c", "ollama:d")
    assert loaded.fallback_model_key == ("one", "two")
    assert "one" not in repr(loaded)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('light_model_key = "k"', "belongs in the environment"),
        ("model_timeout = 0", "not a number from 1 on"),
        ('model_cache_hours = "long"', "not a number from 0 on"),
        ("fallback_model = 3", "is not a list"),
        ("review_due_hours = { grave = 1 }", "there is no risk 'grave'"),
        ('review_due_hours = ["low=soon"]', "review_due_hours.low: 'soon' is not a number"),
        ("review_claim_minutes = 0", "not a number from 1 on"),
    ],
)
def test_what_cannot_be_a_setting_is_refused(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "copydesk.toml").write_text(f"{line}\n")
    with pytest.raises(ConfigError, match=words):
        load_settings(tmp_path)


async def test_doctor_names_the_models_and_what_is_wrong_with_them(desk: Desk) -> None:
    desk = replace(
        desk,
        settings=replace(
            desk.settings, model="anthropic:claude-sonnet-5-5", light_model=f"openai:own@{OWN}"
        ),
    )
    found = {one.check: one for one in await examine(desk)}
    missing = found["capable model anthropic:claude-sonnet-5-5"]
    assert (missing.ok, missing.remedy) == (False, "Set COPYDESK_MODEL_KEY.")
    own = found["light model openai:own@127.0.0.1:9"]
    assert own.ok
    assert "what it costs is not known" in own.message


async def test_a_configured_model_is_opened_asked_and_booked(
    desk: Desk, clock: StoppedClock
) -> None:
    pytest.importorskip("pydantic_ai", reason="the extra [llm] is not installed")
    from pydantic_ai.models import override_allow_model_requests

    async with ModelServer() as server:
        server.answers = [chat_completion('{"a": 1}')]
        desk = replace(
            desk,
            settings=replace(
                desk.settings,
                # nobody listens there: the stand-in answers
                model=f"openai:away@{OWN}",
                fallback_model=(f"openai:near@{server.url}/v1",),
                model_facts=("near input_price=1 output_price=10",),
                model_key="k-away",
            ),
        )
        with override_allow_model_requests(True):
            async with opened_models(desk) as opened:
                assert isinstance(opened.model, Fallback)
                assert opened.light_model is None
            async with opened_model(desk) as model:
                assert model is not None
                assert model.tiers == {Tier.CAPABLE}
                completion = await model.complete(REQUEST)
    assert completion.text == '{"a": 1}'
    assert completion.cost_usd == pytest.approx((100 * 1 + 20 * 10) / 1e6)
    assert "k-away" not in str(server.headers)
    lines = {line["key"].partition("@")[0]: line for line in await rows(desk)}
    assert lines["openai:away"]["failed"] == 1
    assert lines["openai:near"]["answered"] == 1


async def test_the_judge_is_configured_apart_and_writes_nothing(desk: Desk) -> None:
    named = replace(desk.settings, judge_model=f"openai:umpire@{OWN}", judge_model_key="k")
    (configured,) = configured_models(named)
    assert (configured.is_judge, configured.key) == (True, "k")
    desk = replace(desk, settings=named)
    async with opened_models(desk) as opened:
        assert (opened.model, opened.light_model) == (None, None)
        assert opened.judge_model is not None
    checks = [found.check for found in await examine(desk)]
    assert any(check.startswith("judging model openai:umpire") for check in checks)
