"""Requests to colleagues to take a duty"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rota_swap_request',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rota_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asker_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('begins_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('return_begins_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('return_ends_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sa.Enum('accepted', 'declined', 'withdrawn', 'overtaken', name='answer', native_enum=False, length=40), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['asked_id'], ['person.id'], name=op.f('fk_rota_swap_request_asked_id_person')),
    sa.ForeignKeyConstraint(['asker_id'], ['person.id'], name=op.f('fk_rota_swap_request_asker_id_person')),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_rota_swap_request_organisation_id_organisation')),
    sa.ForeignKeyConstraint(['rota_id'], ['rota.id'], name=op.f('fk_rota_swap_request_rota_id_rota')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rota_swap_request')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('rota_swap_request', schema=None) as batch_op:
        batch_op.create_index('ix_rota_swap_request_open', ['rota_id', 'answered_at'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('rota_swap_request', schema=None) as batch_op:
        batch_op.drop_index('ix_rota_swap_request_open')

    op.drop_table('rota_swap_request')
