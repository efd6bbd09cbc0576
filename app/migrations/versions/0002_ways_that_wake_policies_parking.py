"""Ways that wake people, escalation policies, rotas, parking and summons"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('escalation_policy',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('urgency', sa.Enum('urgent', 'soon', name='urgency', native_enum=False, length=40), nullable=False),
    sa.Column('repeat_seconds', sa.Integer(), nullable=False),
    sa.Column('round_seconds', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_escalation_policy_organisation_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_escalation_policy')),
    sa.UniqueConstraint('organisation_id', 'urgency', name=op.f('uq_escalation_policy_organisation_id_urgency')),
    sqlite_autoincrement=True
    )
    op.create_table('rota',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('zone', sa.String(length=64), nullable=False),
    sa.Column('token', sa.String(length=48), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_rota_organisation_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rota')),
    sa.UniqueConstraint('token', name=op.f('uq_rota_token')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('rota', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rota_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('escalation_step',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('after_seconds', sa.Integer(), nullable=False),
    sa.Column('wants', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_escalation_step_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['policy_id'], ['escalation_policy.id'], name=op.f('fk_escalation_step_policy_id_escalation_policy')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_escalation_step')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('escalation_step', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_escalation_step_policy_id'), ['policy_id'], unique=False)

    op.create_table('escalation_target',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('step_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.Enum('person', 'role', 'rota', name='targetkind', native_enum=False, length=40), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('role', sa.Enum('responder', 'dpo', 'deputy', 'management', 'auditor', 'administrator', name='role', native_enum=False, length=40), nullable=True),
    sa.Column('rota_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_escalation_target_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_escalation_target_person_id_person')),
    sa.ForeignKeyConstraint(['rota_id'], ['rota.id'], name=op.f('fk_escalation_target_rota_id_rota')),
    sa.ForeignKeyConstraint(['step_id'], ['escalation_step.id'], name=op.f('fk_escalation_target_step_id_escalation_step')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_escalation_target')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('escalation_target', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_escalation_target_step_id'), ['step_id'], unique=False)

    op.create_table('snooze',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_snooze_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['page_id'], ['page.id'], name=op.f('fk_snooze_page_id_page')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_snooze_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_snooze')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('snooze', schema=None) as batch_op:
        batch_op.create_index('ix_snooze_page', ['page_id', 'person_id'], unique=False)

    op.create_table('mute',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('loudness', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_mute_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_mute_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mute')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('mute', schema=None) as batch_op:
        batch_op.create_index('ix_mute_living', ['organisation_id', 'until'], unique=False)

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.add_column(sa.Column('woke_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.add_column(sa.Column('joined_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('covered_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_delivery_joined', ['joined_id'], unique=False, sqlite_where=sa.text('joined_id IS NOT NULL'), postgresql_where=sa.text('joined_id IS NOT NULL'))
        batch_op.create_index('ix_delivery_remote', ['remote_id'], unique=False, sqlite_where=sa.text('remote_id IS NOT NULL'), postgresql_where=sa.text('remote_id IS NOT NULL'))
        batch_op.create_foreign_key(batch_op.f('fk_delivery_joined_id_delivery'), 'delivery', ['joined_id'], ['id'])

    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.add_column(sa.Column('containment_owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('containment_owned_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('parked_until', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index('ix_incident_parked', ['parked_until'], unique=False, sqlite_where=sa.text('parked_until IS NOT NULL'), postgresql_where=sa.text('parked_until IS NOT NULL'))
        batch_op.create_foreign_key(batch_op.f('fk_incident_containment_owner_id_person'), 'person', ['containment_owner_id'], ['id'])

    with op.batch_alter_table('page', schema=None) as batch_op:
        batch_op.add_column(sa.Column('code', sa.String(length=8), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('urgency', sa.Enum('urgent', 'soon', name='urgency', native_enum=False, length=40), nullable=False, server_default='urgent'))
        batch_op.add_column(sa.Column('summons_person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
        batch_op.add_column(sa.Column('summons_role', sa.Enum('responder', 'dpo', 'deputy', 'management', 'auditor', 'administrator', name='role', native_enum=False, length=40), nullable=True))
        batch_op.create_foreign_key(batch_op.f('fk_page_summons_person_id_person'), 'person', ['summons_person_id'], ['id'])

    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.add_column(sa.Column('tell_from', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('tell_until', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('drills_any_hour', sa.Boolean(), nullable=False, server_default=sa.false()))



def downgrade() -> None:
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_column('drills_any_hour')
        batch_op.drop_column('tell_until')
        batch_op.drop_column('tell_from')

    with op.batch_alter_table('page', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_page_summons_person_id_person'), type_='foreignkey')
        batch_op.drop_column('summons_role')
        batch_op.drop_column('summons_person_id')
        batch_op.drop_column('urgency')
        batch_op.drop_column('code')

    with op.batch_alter_table('incident', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_incident_containment_owner_id_person'), type_='foreignkey')
        batch_op.drop_index('ix_incident_parked', sqlite_where=sa.text('parked_until IS NOT NULL'), postgresql_where=sa.text('parked_until IS NOT NULL'))
        batch_op.drop_column('parked_until')
        batch_op.drop_column('containment_owned_at')
        batch_op.drop_column('containment_owner_id')

    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_delivery_joined_id_delivery'), type_='foreignkey')
        batch_op.drop_index('ix_delivery_remote', sqlite_where=sa.text('remote_id IS NOT NULL'), postgresql_where=sa.text('remote_id IS NOT NULL'))
        batch_op.drop_index('ix_delivery_joined', sqlite_where=sa.text('joined_id IS NOT NULL'), postgresql_where=sa.text('joined_id IS NOT NULL'))
        batch_op.drop_column('seen_at')
        batch_op.drop_column('delivered_at')
        batch_op.drop_column('covered_at')
        batch_op.drop_column('joined_id')

    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_column('woke_at')

    with op.batch_alter_table('mute', schema=None) as batch_op:
        batch_op.drop_index('ix_mute_living')

    op.drop_table('mute')
    with op.batch_alter_table('snooze', schema=None) as batch_op:
        batch_op.drop_index('ix_snooze_page')

    op.drop_table('snooze')
    with op.batch_alter_table('escalation_target', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_escalation_target_step_id'))

    op.drop_table('escalation_target')
    with op.batch_alter_table('escalation_step', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_escalation_step_policy_id'))

    op.drop_table('escalation_step')
    with op.batch_alter_table('rota', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rota_organisation_id'))

    op.drop_table('rota')
    op.drop_table('escalation_policy')
