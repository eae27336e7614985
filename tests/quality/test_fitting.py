"""A calibration is fitted, measured and kept without anybody choosing a number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copydesk.core.checks import CheckResult, Evidence, Verdict
from copydesk.core.errors import ConfigError
from copydesk.quality.calibration import Calibration, read_calibration, signals_of, standard
from copydesk.quality.fitting import Labelled, fit
from copydesk.quality.measuring import baselines, measure, without_each


def texts(good: int, bad: int, *, domain: str = "a", strong: str = "strong") -> list[Labelled]:
    """Of the bad ones two in three carry a sign that no good one has, of both half a weak one."""
    found = []
    for number in range(good + bad):
        is_bad = number >= good
        signals = {"weak": 1} if number % 2 else {}
        if is_bad and number % 3:
            signals[strong] = 1
        text = f"text {'bad' if is_bad else 'fine'} {number}"
        found.append(Labelled(signals=signals, bad=is_bad, domain=domain, text=text))
    return found


def test_what_tells_good_from_bad_weighs_and_what_does_not_does_not() -> None:
    fitted = fit(texts(300, 300), version="1")
    assert fitted.weights["strong"] > 2
    assert fitted.weights["weak"] < 0.3
    assert fitted.band(fitted.badness({"strong": 1})) is not Verdict.PASSED
    assert fitted.band(fitted.badness({"weak": 1})) is Verdict.PASSED


def test_a_sign_that_was_hardly_seen_weighs_as_an_average_one() -> None:
    rare = [*texts(300, 300), Labelled(signals={"rare": 1}, bad=True, domain="a")]
    fitted = fit(rare, version="1")
    assert abs(fitted.weights["rare"] - fitted.unseen) < 0.5


def test_no_sign_speaks_for_a_text() -> None:
    turned = [Labelled(signals={"odd": 1} if not n % 2 else {}, bad=bool(n % 2)) for n in range(80)]
    assert fit(turned, version="1").weights["odd"] == 0.0


def test_each_domain_is_held_to_the_share_of_false_alarms() -> None:
    noisy = [
        Labelled(signals={"noise": 1}, bad=n % 5 != 0, domain="hard") for n in range(100)
    ] + texts(200, 200, domain="easy")
    fitted = fit(noisy, version="1", false_alarms=0.05)
    alarms = [t for t in noisy if not t.bad and fitted.badness(t.signals) >= fitted.uncertain]
    assert len([t for t in alarms if t.domain == "hard"]) <= 0.05 * 20
    assert len([t for t in alarms if t.domain == "easy"]) <= 0.05 * 200


def test_a_set_of_one_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="good and bad"):
        fit(texts(10, 0), version="1")
    with pytest.raises(ValueError, match="good and bad"):
        measure(texts(0, 10), fit(texts(10, 10), version="1"))


def test_shares_come_with_bounds_and_precision_at_the_users_own_rate() -> None:
    fitted = fit(texts(300, 300), version="1")
    found = measure(texts(300, 300), fitted, bad_rate=0.01)
    assert found["false_alarms"] == {"share": 0.0, "at_least": 0.0, "at_most": 0.0099}
    assert found["recall"]["at_least"] < 2 / 3 < found["recall"]["at_most"]
    assert found["at_bad_rate"]["bad_among_passed"] == pytest.approx(0.01 / 3, abs=1e-3)
    assert found["at_bad_rate"]["bad_among_passed_at_most"] > 0.01 / 3
    often = measure(texts(300, 300), fitted, bad_rate=0.5)
    assert often["at_bad_rate"]["bad_among_passed"] > found["at_bad_rate"]["bad_among_passed"]


def test_a_text_that_an_unweighed_check_failed_is_caught_whatever_the_weights() -> None:
    fitted = fit(texts(50, 50), version="1")
    failed = [Labelled(signals={}, bad=True, floor=Verdict.FAILED), Labelled(signals={}, bad=False)]
    assert measure(failed, fitted)["failed"]["recall"]["share"] == 1.0


def test_baselines_never_look_at_a_source() -> None:
    development = texts(60, 60)
    found = baselines(texts(60, 60), development)
    assert found["words"]["auc"] > 0.95, "the word `bad` gives these away"
    assert set(baselines(texts(5, 5))) == {"always_flag", "length"}


def test_each_domain_is_measured_by_a_calibration_that_never_saw_it() -> None:
    both = [*texts(100, 100, domain="a"), *texts(100, 100, domain="b", strong="other")]
    found = without_each(both, false_alarms=0.05, failures=0.01)
    assert set(found) == {"a", "b"}
    assert without_each(texts(10, 10), false_alarms=0.05, failures=0.01) == {}


def test_what_is_no_number_fails() -> None:
    assert standard().band(math.nan) is Verdict.FAILED
    with pytest.raises(ValueError, match="not a number"):
        Calibration(
            version="x", intercept=math.nan, weights={}, unseen=1.0, uncertain=0.5, fail=0.9
        )


def test_a_calibration_survives_its_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "own.json"
    path.write_text(standard().to_json(), encoding="utf-8")
    assert read_calibration(path) == standard()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "version": 2}'])
def test_a_file_that_is_none_is_refused_by_name(tmp_path, text: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "own.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"own\.json"):
        read_calibration(path)


_SIGNALS = st.dictionaries(st.sampled_from(sorted(standard().weights)), st.integers(1, 5))


@settings(max_examples=50, deadline=None)
@given(_SIGNALS, _SIGNALS)
def test_more_signs_never_make_a_text_better(some: dict[str, int], more: dict[str, int]) -> None:
    both = {key: some.get(key, 0) + more.get(key, 0) for key in {*some, *more}}
    assert standard().badness(both) >= standard().badness(some)


def test_size_and_novelty_are_no_signals() -> None:
    results = [
        CheckResult(
            check="x", version=1, verdict=Verdict.FLAGGED, evidence=(Evidence(message="m"),)
        )
    ]
    assert signals_of(results) == {}
