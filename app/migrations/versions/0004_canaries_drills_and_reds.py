"""Canaries, drills, the history of reds and the watchdog"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('watchdog_ping',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('pinged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('well', sa.Boolean(), nullable=False),
    sa.Column('outcome', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_watchdog_ping_organisation_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_watchdog_ping')),
    sa.UniqueConstraint('organisation_id', name=op.f('uq_watchdog_ping_organisation_id')),
    sqlite_autoincrement=True
    )
    op.create_table('red_spell',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.Enum('readiness', 'audit', name='source', native_enum=False, length=40), nullable=False),
    sa.Column('cause', sa.String(length=80), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('said', sa.JSON(), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_red_spell_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_red_spell_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_red_spell')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('red_spell', schema=None) as batch_op:
        batch_op.create_index('ix_red_spell_began', ['organisation_id', 'began_at'], unique=False)
        batch_op.create_index('ix_red_spell_open', ['organisation_id', 'ended_at'], unique=False)

    op.create_table('drill',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked', sa.Boolean(), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('contact_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('channel', sa.Enum('email', 'apprise', 'outbox', 'canary', name='channelkind', native_enum=False, length=40), nullable=True),
    sa.Column('missed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_drill_contact_id_contact')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_drill_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['page_id'], ['page.id'], name=op.f('fk_drill_page_id_page')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_drill_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_drill')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('drill', schema=None) as batch_op:
        batch_op.create_index('ix_drill_page', ['page_id'], unique=False)
        batch_op.create_index('ix_drill_person', ['person_id', 'planned_at'], unique=False)

    op.create_table('canary',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('night', sa.String(length=10), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('token_digest', sa.String(length=64), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('through', sa.Enum('public', 'local', name='through', native_enum=False, length=40), nullable=True),
    sa.Column('problem', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('reported_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('incident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('paged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('queued_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cleared_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_canary_incident_id_incident')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_canary_organisation_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_canary')),
    sa.UniqueConstraint('organisation_id', 'night', name=op.f('uq_canary_organisation_id_night')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_canary_token_digest')),
    sqlite_autoincrement=True
    )


def downgrade() -> None:
    op.drop_table('canary')
    with op.batch_alter_table('drill', schema=None) as batch_op:
        batch_op.drop_index('ix_drill_person')
        batch_op.drop_index('ix_drill_page')

    op.drop_table('drill')
    with op.batch_alter_table('red_spell', schema=None) as batch_op:
        batch_op.drop_index('ix_red_spell_open')
        batch_op.drop_index('ix_red_spell_began')

    op.drop_table('red_spell')
    op.drop_table('watchdog_ping')
