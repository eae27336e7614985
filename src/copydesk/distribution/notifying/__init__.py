"""Telling others what happens: the history, event by event, to every webhook that asked for it.

The append-only history is the queue: a webhook has a cursor in it, and only messages that did not
get through have rows of their own. Nobody who writes history does anything for this.
"""

from copydesk.distribution.notifying.horizon import Horizon
from copydesk.distribution.notifying.notifier import Notifier, NotifierTools, Told, tell

__all__ = ["Horizon", "Notifier", "NotifierTools", "Told", "tell"]
