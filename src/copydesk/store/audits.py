"""Audits: which texts were looked at, with which chance, and what people found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from copydesk.core.audit import Audit, AuditPolicy, ItemClass, Tally
from copydesk.core.checks import RiskClass
from copydesk.core.errors import Conflict
from copydesk.core.states import AuditState, check_transition
from copydesk.store.item_classes import EVER, FIRST_CLASS, FOLLOWING_CLASS, JUDGED, TALLY
from copydesk.store.tables import audit_policies, audits, restarts

if TYPE_CHECKING:
    from datetime import datetime

    from copydesk.store.unit import UnitOfWork

#: So many classes are listed at most, in the order of their names.
MOST_CLASSES = 500

#: Channel, language, risk and writer; "" fits any.
ItemFilter = tuple[str, str, str, str]

# built once: putting a statement together costs more than running it
_ADD = sa.insert(audits)
_OF_POST = (
    sa.select(audits)
    .where(audits.c.post_id == sa.bindparam("post"))
    .order_by(audits.c.id.desc())
    .limit(1)
)


class Audits:
    """Reads and writes audits, their policy and restarts."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    # -- policy -----------------------------------------------------------------------------------

    async def policy(self, workspace_id: str) -> AuditPolicy:
        """Return what the workspace has looked at; the defaults where it has said nothing."""
        rows = await self._unit.connection.execute(
            sa.select(audit_policies).where(audit_policies.c.workspace_id == workspace_id)
        )
        row = rows.one_or_none()
        if row is None:
            return AuditPolicy()
        return AuditPolicy(
            audit_share=row.audit_share,
            second_share=row.second_share,
            targets={RiskClass(risk): target for risk, target in row.targets.items()},
        )

    async def set_policy(self, workspace_id: str, policy: AuditPolicy) -> None:
        """Change what the workspace has looked at, from now on."""
        values = {
            "audit_share": policy.audit_share,
            "second_share": policy.second_share,
            "targets": {risk.value: target for risk, target in policy.targets.items()},
        }
        changed = await self._unit.connection.execute(
            sa.update(audit_policies)
            .where(audit_policies.c.workspace_id == workspace_id)
            .values(values)
        )
        if changed.rowcount == 0:
            await self._unit.connection.execute(
                sa.insert(audit_policies).values(workspace_id=workspace_id, **values)
            )
        await self._unit.events.append(
            workspace_id, "workspace", workspace_id, "", "audited", data=values
        )

    # -- audits -----------------------------------------------------------------------------------

    async def add(
        self,
        workspace_id: str,
        post_id: str,
        revision_id: str,
        cls: ItemClass,
        *,
        propensity: float,
        state: AuditState,
    ) -> Audit:
        """Add a text that may go out by itself, sampled or passed over."""
        audit = Audit(
            id=self._unit.ids.new("audit"),
            workspace_id=workspace_id,
            post_id=post_id,
            revision_id=revision_id,
            cls=cls,
            propensity=propensity,
            state=state,
            sampled_at=self._unit.now,
        )
        await self._unit.connection.execute(
            _ADD,
            {
                "id": audit.id,
                "workspace_id": workspace_id,
                "post_id": post_id,
                "revision_id": revision_id,
                "channel": cls.channel,
                "language": cls.language,
                "risk": cls.risk,
                "writer": cls.writer,
                "propensity": propensity,
                "state": state,
                "sampled_at": audit.sampled_at,
            },
        )
        await self._unit.events.append(
            workspace_id, "audit", audit.id, "", state, reason=f"by a chance of {propensity:.3g}"
        )
        return audit

    async def of_post(self, post_id: str) -> Audit | None:
        """Return the newest audit of a post, None where it was never one to go out by itself."""
        rows = await self._unit.connection.execute(_OF_POST, {"post": post_id})
        row = rows.one_or_none()
        return _audit(row) if row else None

    async def waiting_of(self, post_id: str) -> Audit | None:
        """Return the audit of a post that waits for a verdict, None where none does."""
        rows = await self._unit.connection.execute(
            sa.select(audits)
            .where(audits.c.post_id == post_id, audits.c.state == AuditState.SAMPLED)
            .order_by(audits.c.id.desc())
            .limit(1)
        )
        row = rows.one_or_none()
        return _audit(row) if row else None

    async def decide(self, audit: Audit, to: AuditState, reason: str) -> None:
        """Record what a person found, or that the text was replaced.

        Raises `TransitionNotAllowed` or `Conflict`.
        """
        check_transition("audit", audit.id, audit.state, to)
        result = await self._unit.connection.execute(
            sa.update(audits)
            .where(audits.c.id == audit.id, audits.c.state == audit.state)
            # nobody has judged what was replaced
            .values(state=to, decided_at=self._unit.now if to in JUDGED else None)
        )
        if result.rowcount != 1:
            raise Conflict(f"Audit {audit.id} was decided in the meantime.")
        await self._unit.events.append(
            audit.workspace_id, "audit", audit.id, audit.state, to, reason=reason
        )

    async def tally(self, workspace_id: str, cls: ItemClass) -> Tally:
        """Return what people found in a class since it was last restarted."""
        return await self._tally_since(
            workspace_id, cls, await self.restarted_at(workspace_id, cls)
        )

    async def _tally_since(
        self, workspace_id: str, cls: ItemClass, since: datetime | None
    ) -> Tally:
        of_class = {"channel": cls.channel, "language": cls.language, "risk": cls.risk}
        of_class |= {"workspace": workspace_id, "writer": cls.writer}
        rows = await self._unit.connection.execute(TALLY, {**of_class, "since": since or EVER})
        return _tally({row.state: row.n for row in rows}, since)

    async def found(self, workspace_id: str, cls: ItemClass) -> Tally:
        """Return the judged ones of `tally` alone: they are few, however many went out."""
        since = await self.restarted_at(workspace_id, cls)
        rows = await self._unit.connection.execute(
            sa.select(audits.c.state, sa.func.count().label("n"))
            .where(
                audits.c.workspace_id == workspace_id,
                audits.c.state.in_(JUDGED),
                *_within(cls, since),
            )
            .group_by(audits.c.state)
        )
        return _tally({row.state: row.n for row in rows}, since)

    async def seen(self, workspace_id: str, cls: ItemClass, *, most: int) -> int:
        """Return how many texts of a class there were since its restart, counting to `most`."""
        since = await self.restarted_at(workspace_id, cls)
        some = (
            sa.select(sa.literal(1).label("one"))
            .where(audits.c.workspace_id == workspace_id, *_within(cls, since))
            .limit(most)
            .subquery()
        )
        count = sa.select(sa.func.count()).select_from(some)
        return int(await self._unit.connection.scalar(count) or 0)

    async def tallies(self, workspace_id: str) -> list[tuple[ItemClass, Tally]]:
        """Return every class with its tally, by channel, language, risk and writer."""
        classes: list[ItemClass] = []
        cls = await self._next_class(workspace_id, None)
        while cls is not None and len(classes) < MOST_CLASSES:
            classes.append(cls)
            cls = await self._next_class(workspace_id, cls)
        restarted = await self._restarts(workspace_id)
        return [
            (cls, await self._tally_since(workspace_id, cls, _last(restarted, cls)))
            for cls in classes
        ]

    async def _next_class(self, workspace_id: str, behind: ItemClass | None) -> ItemClass | None:
        """Return the class behind another in the order of the index, None at its end.

        Grouping would read a row for every text, and so would one comparison of all four columns
        in SQLite, which searches by the first of them alone (3.40 to 3.50, seen 2026-11-22).
        """
        last: dict[str, object] = {"workspace": workspace_id}
        if behind is not None:
            last |= {"channel": behind.channel, "language": behind.language}
            last |= {"risk": behind.risk, "writer": behind.writer}
        for following in [FIRST_CLASS] if behind is None else FOLLOWING_CLASS:
            row = (await self._unit.connection.execute(following, last)).one_or_none()
            if row is not None:
                return _class(row)
        return None

    async def judged(self, workspace_id: str) -> list[tuple[AuditState, float, int]]:
        """Return (verdict, propensity, how many) of everything people have judged."""
        columns = (audits.c.state, audits.c.propensity)
        rows = await self._unit.connection.execute(
            sa.select(*columns, sa.func.count().label("n"))
            .where(audits.c.workspace_id == workspace_id, audits.c.decided_at.is_not(None))
            .group_by(*columns)
        )
        return [(AuditState(row.state), row.propensity, row.n) for row in rows]

    # -- restarts ---------------------------------------------------------------------------------

    async def restart(
        self,
        workspace_id: str,
        *,
        channel: str,
        language: str,
        risk: str,
        writer: str,
        reason: str,
    ) -> None:
        """Let the classes that fit count from now on only; "" fits any."""
        await self._unit.connection.execute(
            sa.insert(restarts).values(
                workspace_id=workspace_id,
                channel=channel,
                language=language,
                risk=risk,
                writer=writer,
                reason=reason,
                restarted_at=self._unit.now,
                restarted_by=self._unit.actor,
            )
        )
        fitting = {"channel": channel, "language": language, "risk": risk, "writer": writer}
        await self._unit.events.append(
            workspace_id, "workspace", workspace_id, "", "restarted", reason=reason, data=fitting
        )

    async def restarted_at(self, workspace_id: str, cls: ItemClass) -> datetime | None:
        """Return when a class was last restarted (aware UTC), None if never."""
        moment: datetime | None = await self._unit.connection.scalar(
            sa.select(sa.func.max(restarts.c.restarted_at)).where(
                restarts.c.workspace_id == workspace_id,
                restarts.c.channel.in_(["", cls.channel]),
                restarts.c.language.in_(["", cls.language]),
                restarts.c.risk.in_(["", cls.risk]),
                restarts.c.writer.in_(["", cls.writer]),
            )
        )
        return moment

    async def _restarts(self, workspace_id: str) -> list[tuple[ItemFilter, datetime]]:
        """Return what was restarted, and when last."""
        columns = (restarts.c.channel, restarts.c.language, restarts.c.risk, restarts.c.writer)
        rows = await self._unit.connection.execute(
            sa.select(*columns, sa.func.max(restarts.c.restarted_at).label("at"))
            .where(restarts.c.workspace_id == workspace_id)
            .group_by(*columns)
        )
        return [((row.channel, row.language, row.risk, row.writer), row.at) for row in rows]


def _within(cls: ItemClass, since: datetime | None) -> list[sa.ColumnElement[bool]]:
    conditions = [
        audits.c.channel == cls.channel,
        audits.c.language == cls.language,
        audits.c.risk == cls.risk,
        audits.c.writer == cls.writer,
    ]
    if since is not None:
        conditions.append(audits.c.sampled_at > since)
    return conditions


def _tally(counts: dict[str, int], since: datetime | None) -> Tally:
    return Tally(
        cleared=counts.get(AuditState.CLEARED, 0),
        faulted=counts.get(AuditState.FAULTED, 0),
        waiting=counts.get(AuditState.SAMPLED, 0),
        passed_over=counts.get(AuditState.PASSED_OVER, 0),
        since=since,
    )


def _last(restarted: list[tuple[ItemFilter, datetime]], cls: ItemClass) -> datetime | None:
    """Return when a class was last restarted, by name or by a filter that it fits."""
    names = (cls.channel, cls.language, cls.risk, cls.writer)
    return max(
        (
            at
            for wanted, at in restarted
            if all(want in ("", name) for want, name in zip(wanted, names, strict=True))
        ),
        default=None,
    )


def _class(row: Any) -> ItemClass:
    return ItemClass(
        channel=row.channel, language=row.language, risk=RiskClass(row.risk), writer=row.writer
    )


def _audit(row: Any) -> Audit:
    return Audit(
        id=row.id,
        workspace_id=row.workspace_id,
        post_id=row.post_id,
        revision_id=row.revision_id,
        cls=_class(row),
        propensity=row.propensity,
        state=AuditState(row.state),
        sampled_at=row.sampled_at,
        decided_at=row.decided_at,
    )
