"""When awareness is asked for, and calendars of deadlines"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('deadline_feed',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token', sa.String(length=48), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_deadline_feed_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_deadline_feed_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deadline_feed')),
    sa.UniqueConstraint('token', name=op.f('uq_deadline_feed_token')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('deadline_feed', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deadline_feed_person_id'), ['person_id'], unique=False)

    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.add_column(sa.Column('awareness_asked_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_incident_awareness', ['awareness_asked_at'], unique=False, sqlite_where=sa.text('awareness_asked_at IS NOT NULL'), postgresql_where=sa.text('awareness_asked_at IS NOT NULL'))



def downgrade() -> None:
    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.drop_index('ix_incident_awareness', sqlite_where=sa.text('awareness_asked_at IS NOT NULL'), postgresql_where=sa.text('awareness_asked_at IS NOT NULL'))
        batch_op.drop_column('awareness_asked_at')

    with op.batch_alter_table('deadline_feed', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deadline_feed_person_id'))

    op.drop_table('deadline_feed')
