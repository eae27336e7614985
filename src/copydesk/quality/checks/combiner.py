"""Combiner: all signals of the content checks weighed together, by a calibration.

Single signs may be weak and their sum plain. The weights come from labelled texts (`copydesk
calibrate`), as does from where on a text is uncertain (flagged) or fails. What weighs enough by
itself flags its own check too; this one adds the texts against which several things speak.
"""

from __future__ import annotations

from collections.abc import Sequence

from copydesk.core.checks import CheckResult, Evidence
from copydesk.quality.calibration import Calibration, signals_of

NAME = "combiner"
VERSION = 1


def check(results: Sequence[CheckResult], calibration: Calibration) -> CheckResult:
    """Weigh what the checks saw.

    Args:
        results: of the content checks that ran and count.
        calibration: the weights and bands.

    Returns:
        The band of the probability that the text is bad, with that probability and the signals as
        evidence.
    """
    signals = signals_of(results)
    badness = calibration.badness(signals)
    seen = ", ".join(sorted(signals)) or "nothing"
    message = f"{badness:.3f} bad by the calibration {calibration.version}, seen: {seen}"
    return CheckResult(
        check=NAME,
        version=VERSION,
        verdict=calibration.band(badness),
        evidence=(Evidence(message=message),),
    )
