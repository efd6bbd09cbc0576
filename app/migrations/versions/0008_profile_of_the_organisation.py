"""Profile of the organisation"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('customer_contract',
    sa.Column('organisation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer', sa.String(length=200), nullable=False),
    sa.Column('hours', sa.Integer(), nullable=True),
    sa.Column('starts', sa.Enum('awareness', 'suspicion', 'confirmation', name='contractstart', native_enum=False, length=40), nullable=False),
    sa.Column('contact', sa.String(length=200), nullable=False),
    sa.Column('channel', sa.String(length=200), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['organisation_id'], ['organisation.id'], name=op.f('fk_customer_contract_organisation_id_organisation')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_contract')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('customer_contract', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_contract_organisation_id'), ['organisation_id'], unique=False)

    with op.batch_alter_table('legal_entity', schema=None) as batch_op:
        batch_op.add_column(sa.Column('subdivision', sa.String(length=3), nullable=True))
        batch_op.add_column(sa.Column('main_establishment', sa.Boolean(), nullable=False, server_default=sa.false()))



def downgrade() -> None:
    with op.batch_alter_table('legal_entity', schema=None) as batch_op:
        batch_op.drop_column('main_establishment')
        batch_op.drop_column('subdivision')

    with op.batch_alter_table('customer_contract', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_customer_contract_organisation_id'))

    op.drop_table('customer_contract')
