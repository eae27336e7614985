"""Questions put to the driver directly are answered as the library would answer them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from copydesk.store.bulk import Bulk
from copydesk.store.prepared import Question
from copydesk.store.tables import accounts, events, model_calls
from copydesk.store.transactions import Put, Steps, speaking
from copydesk.work.desk import Desk

NAMES = ("at", "workspace_id", "noun", "subject_id", "actor", "from_state", "to_state")
ASKED = sa.select(events.c.subject_id, events.c.at, events.c.reason, events.c.data).where(
    events.c.noun == sa.bindparam("noun")
)

ODD = "\0\x1b\x7f\\\"'\ud800\u2028é😀{}[],$?"
texts = st.text(max_size=60) | st.text(alphabet=ODD, max_size=20)
said = st.dictionaries(texts, texts | st.none() | st.booleans() | st.integers(), max_size=3)


@given(rows=st.lists(st.tuples(texts, said), max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
async def test_rows_read_at_once_are_the_rows_read_one_by_one(
    desk: Desk, rows: list[tuple[str, dict[str, object]]]
) -> None:
    noun = desk.ids.new("intent")[-16:]
    bulk = Bulk(events, (*NAMES, "reason", "data"), desk.store.engine.dialect)
    start = (desk.clock.now(), "wsp_1", noun)
    given_rows = [
        bulk.row((*start, f"{n:04}", "me", "", "done", reason, data))
        for n, (reason, data) in enumerate(rows)
    ]

    def write() -> Steps:
        if given_rows:
            yield Put(bulk, given_rows)

    async with speaking(desk.store) as speak:
        await speak(write())

    # the other way round, so that an order that only happens to be right is found out
    ordered = ASKED.order_by(events.c.subject_id.desc())
    question = Question(ordered, desk.store.engine.dialect)
    async with desk.store.read() as unit:
        one_by_one = (await unit.connection.execute(ordered, {"noun": noun})).all()
        found = await unit.connection.exec_driver_sql(question.sql, question.parameters(noun=noun))
        at_once = list(question.rows(found.all()))

    assert at_once == [list(row) for row in one_by_one]
    assert len(at_once) == len(rows)


def test_what_json_would_cut_is_refused() -> None:
    for column in (model_calls.c.cost_usd, accounts.c.secrets):
        with pytest.raises(TypeError, match=column.name):
            Question(sa.select(column), sqlite.dialect())
