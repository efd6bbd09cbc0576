"""Shifts, overrides and feeds of the rota"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rota_feed',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token', sa.String(length=48), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_rota_feed_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_rota_feed_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rota_feed')),
    sa.UniqueConstraint('token', name=op.f('uq_rota_feed_token')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('rota_feed', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rota_feed_person_id'), ['person_id'], unique=False)

    op.create_table('rota_override',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rota_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('begins_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Enum('planned', 'taken', 'swapped', 'calendar', name='reason', native_enum=False, length=40), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('uid', sa.String(length=255), nullable=True),
    sa.Column('recurrence', sa.String(length=40), nullable=True),
    sa.Column('pair', sa.String(length=32), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['made_by_id'], ['person.id'], name=op.f('fk_rota_override_made_by_id_person')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_rota_override_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_rota_override_person_id_person')),
    sa.ForeignKeyConstraint(['rota_id'], ['rota.id'], name=op.f('fk_rota_override_rota_id_rota')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rota_override')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('rota_override', schema=None) as batch_op:
        batch_op.create_index('ix_rota_override_when', ['rota_id', 'ends_at'], unique=False)

    op.create_table('rota_shift',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rota_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('weekdays', sa.JSON(), nullable=False),
    sa.Column('begins', sa.Time(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('ends', sa.Time(), nullable=False),
    sa.Column('weeks_each', sa.Integer(), nullable=False),
    sa.Column('first_week', sa.Date(), nullable=False),
    sa.Column('from_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_rota_shift_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['rota_id'], ['rota.id'], name=op.f('fk_rota_shift_rota_id_rota')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rota_shift')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('rota_shift', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rota_shift_rota_id'), ['rota_id'], unique=False)

    op.create_table('rota_turn',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('shift_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_rota_turn_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_rota_turn_person_id_person')),
    sa.ForeignKeyConstraint(['shift_id'], ['rota_shift.id'], name=op.f('fk_rota_turn_shift_id_rota_shift')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rota_turn')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('rota_turn', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rota_turn_shift_id'), ['shift_id'], unique=False)

    with op.batch_alter_table('rota', schema=None) as batch_op:
        batch_op.add_column(sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('rota', schema=None) as batch_op:
        batch_op.drop_column('changed_at')

    with op.batch_alter_table('rota_turn', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rota_turn_shift_id'))

    op.drop_table('rota_turn')
    with op.batch_alter_table('rota_shift', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rota_shift_rota_id'))

    op.drop_table('rota_shift')
    with op.batch_alter_table('rota_override', schema=None) as batch_op:
        batch_op.drop_index('ix_rota_override_when')

    op.drop_table('rota_override')
    with op.batch_alter_table('rota_feed', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rota_feed_person_id'))

    op.drop_table('rota_feed')
