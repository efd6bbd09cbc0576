"""Awareness of earlier incidents is asked for too"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

WITHIN = timedelta(hours=12)


def upgrade() -> None:
    # Open incidents of before 0007 have no instant at which it is told that awareness is undecided. Whoever was told
    # already has an entry that says so.
    incident = sa.table(
        'incident',
        sa.column('id', sa.BigInteger()),
        sa.column('what', sa.String()),
        sa.column('canary', sa.Boolean()),
        sa.column('closed_at', sa.DateTime(timezone=True)),
        sa.column('aware_at', sa.DateTime(timezone=True)),
        sa.column('awareness_asked_at', sa.DateTime(timezone=True)),
    )
    report = sa.table(
        'report',
        sa.column('incident_id', sa.BigInteger()),
        sa.column('received_at', sa.DateTime(timezone=True)),
        sa.column('first_known_at', sa.DateTime(timezone=True)),
        sa.column('noticed_at', sa.DateTime(timezone=True)),
        sa.column('noticed_counts', sa.Boolean()),
    )
    entry = sa.table('entry', sa.column('incident_id', sa.BigInteger()), sa.column('kind', sa.String()))
    told = sa.exists().where(entry.c.incident_id == incident.c.id, entry.c.kind == 'awareness-open')
    connection = op.get_bind()
    rows = connection.execute(
        sa.select(
            incident.c.id,
            report.c.received_at,
            report.c.first_known_at,
            sa.case((report.c.noticed_counts.is_(True), report.c.noticed_at)).label('noticed_at'),
        )
        .join(report, report.c.incident_id == incident.c.id)
        .where(
            incident.c.closed_at.is_(None),
            incident.c.aware_at.is_(None),
            incident.c.awareness_asked_at.is_(None),
            incident.c.what != 'nothing',
            incident.c.canary.is_(False),
            ~told,
        )
    )
    first = {}
    for key, *signs in rows:
        first[key] = min(at for at in (first.get(key), *signs) if at is not None)
    for key, at in first.items():
        connection.execute(
            incident.update().where(incident.c.id == key).values(awareness_asked_at=at + WITHIN)
        )


def downgrade() -> None:
    """An earlier version asks at these instants as well."""
