"""How the gate judges in this project: the operator's calibration, and which checks take part."""

from __future__ import annotations

from pathlib import Path

from copydesk.config import Settings
from copydesk.core.errors import ConfigError
from copydesk.core.support import SupportBounds
from copydesk.quality.calibration import read_calibration, standard
from copydesk.quality.gate import BINDING, OPTIONAL
from copydesk.quality.policy import Mode, Policy


def policy_of(settings: Settings) -> Policy:
    """Return what the settings say about the gate; a calibration is looked for in the home folder.

    Raises `ConfigError` for a check that is not there or always decides, for bounds of support out
    of order, and for a calibration that cannot be used.
    """
    modes = dict.fromkeys(settings.checks_observed, Mode.OBSERVE)
    modes |= dict.fromkeys(settings.checks_off, Mode.OFF)
    problems = [
        f"The check {name!r} always decides; it can be neither off nor observed."
        if name in BINDING
        else f"There is no check {name!r}."
        for name in modes
        if name not in OPTIONAL
    ]
    if problems:
        raise ConfigError(problems, remedy=f"Checks: {', '.join(sorted(OPTIONAL))}.")
    try:
        support = SupportBounds(
            unsupported=settings.faithfulness_unsupported,
            supported=settings.faithfulness_supported,
        )
    except ValueError as error:
        problem = f"faithfulness_unsupported and faithfulness_supported: {error}"
        raise ConfigError([problem], remedy="Set 0 <= unsupported <= supported <= 1.") from error
    calibration = standard()
    if settings.calibration:
        calibration = read_calibration(settings.home / Path(settings.calibration).expanduser())
    return Policy(calibration=calibration, modes=modes, support=support)
