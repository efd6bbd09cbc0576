"""Assessments, decisions, delegations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('assessment',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('incident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('part_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('rules_authority', sa.Enum('notify', 'communicate', 'not_required', 'undetermined', name='says', native_enum=False, length=40), nullable=False),
    sa.Column('rules_people', sa.Enum('notify', 'communicate', 'not_required', 'undetermined', name='says', native_enum=False, length=40), nullable=False),
    sa.Column('authority', sa.Enum('notify', 'communicate', 'not_required', 'undetermined', name='says', native_enum=False, length=40), nullable=False),
    sa.Column('people', sa.Enum('notify', 'communicate', 'not_required', 'undetermined', name='says', native_enum=False, length=40), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('role', sa.Enum('responder', 'dpo', 'deputy', 'management', 'auditor', 'administrator', name='role', native_enum=False, length=40), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_assessment_entry_id_entry')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_assessment_incident_id_incident')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_assessment_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['part_id'], ['part.id'], name=op.f('fk_assessment_part_id_part')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_assessment_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assessment')),
    sa.UniqueConstraint('incident_id', 'part_id', 'number', name=op.f('uq_assessment_incident_id_part_id_number')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.create_index('ix_assessment_incident', ['incident_id', 'number'], unique=False)
        batch_op.create_index(batch_op.f('ix_assessment_organisation_id'), ['organisation_id'], unique=False)

    op.create_table('delegation',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('incident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('from_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('to_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_delegation_entry_id_entry')),
    sa.ForeignKeyConstraint(['from_id'], ['person.id'], name=op.f('fk_delegation_from_id_person')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_delegation_incident_id_incident')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_delegation_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['to_id'], ['person.id'], name=op.f('fk_delegation_to_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delegation')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('delegation', schema=None) as batch_op:
        batch_op.create_index('ix_delegation_to', ['to_id', 'until'], unique=False)

    op.create_table('worksheet',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('incident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('part_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['changed_by_id'], ['person.id'], name=op.f('fk_worksheet_changed_by_id_person')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_worksheet_incident_id_incident')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_worksheet_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['part_id'], ['part.id'], name=op.f('fk_worksheet_part_id_part')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_worksheet')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('worksheet', schema=None) as batch_op:
        batch_op.create_index('ix_worksheet_incident', ['incident_id', 'part_id'], unique=False)

    op.create_table('decision',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('incident_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('assessment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('authority', sa.Enum('notify', 'communicate', 'not_required', 'undetermined', name='says', native_enum=False, length=40), nullable=False),
    sa.Column('people', sa.Enum('notify', 'communicate', 'not_required', 'undetermined', name='says', native_enum=False, length=40), nullable=False),
    sa.Column('below', sa.Boolean(), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('delegation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['assessment_id'], ['assessment.id'], name=op.f('fk_decision_assessment_id_assessment')),
    sa.ForeignKeyConstraint(['delegation_id'], ['delegation.id'], name=op.f('fk_decision_delegation_id_delegation')),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_decision_entry_id_entry')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_decision_incident_id_incident')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_decision_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_decision_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('decision', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_decision_assessment_id'), ['assessment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_decision_incident_id'), ['incident_id'], unique=False)

    op.create_table('second_opinion',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('decision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('agrees', sa.Boolean(), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_second_opinion_decision_id_decision')),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_second_opinion_entry_id_entry')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_second_opinion_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_second_opinion_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_second_opinion')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('second_opinion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_second_opinion_decision_id'), ['decision_id'], unique=False)

    with op.batch_alter_table('obligation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('against', sa.Enum('does-not-apply', 'risk-unlikely', name='against', native_enum=False, length=40), nullable=True))



def downgrade() -> None:
    with op.batch_alter_table('obligation', schema=None) as batch_op:
        batch_op.drop_column('against')

    with op.batch_alter_table('second_opinion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_second_opinion_decision_id'))

    op.drop_table('second_opinion')
    with op.batch_alter_table('decision', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_decision_incident_id'))
        batch_op.drop_index(batch_op.f('ix_decision_assessment_id'))

    op.drop_table('decision')
    with op.batch_alter_table('worksheet', schema=None) as batch_op:
        batch_op.drop_index('ix_worksheet_incident')

    op.drop_table('worksheet')
    with op.batch_alter_table('delegation', schema=None) as batch_op:
        batch_op.drop_index('ix_delegation_to')

    op.drop_table('delegation')
    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_assessment_organisation_id'))
        batch_op.drop_index('ix_assessment_incident')

    op.drop_table('assessment')
