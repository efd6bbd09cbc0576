"""Situations, parts of our own, several recipients"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('situation', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('adjusted', sa.JSON(), nullable=False, server_default='{}'))

    with op.batch_alter_table('obligation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('towards', sa.String(length=60), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('taken_on', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.drop_constraint(batch_op.f('uq_obligation_incident_id_rule_part_id'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_obligation_incident_id_rule_part_id_towards'), ['incident_id', 'rule', 'part_id', 'towards'])

    with op.batch_alter_table('part', schema=None) as batch_op:
        batch_op.add_column(sa.Column('place', sa.String(length=10), nullable=False, server_default=''))
        batch_op.drop_constraint(batch_op.f('uq_part_incident_id_role_customer'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_part_incident_id_role_legal_entity_id_customer_place'), ['incident_id', 'role', 'legal_entity_id', 'customer', 'place'])

    with op.batch_alter_table('worksheet', schema=None) as batch_op:
        batch_op.add_column(sa.Column('situation', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('adjusted', sa.JSON(), nullable=False, server_default='{}'))



def downgrade() -> None:
    with op.batch_alter_table('worksheet', schema=None) as batch_op:
        batch_op.drop_column('adjusted')
        batch_op.drop_column('situation')

    with op.batch_alter_table('part', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_part_incident_id_role_legal_entity_id_customer_place'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_part_incident_id_role_customer'), ['incident_id', 'role', 'customer'])
        batch_op.drop_column('place')

    with op.batch_alter_table('obligation', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_obligation_incident_id_rule_part_id_towards'), type_='unique')
        batch_op.create_unique_constraint(batch_op.f('uq_obligation_incident_id_rule_part_id'), ['incident_id', 'rule', 'part_id'])
        batch_op.drop_column('taken_on')
        batch_op.drop_column('towards')

    with op.batch_alter_table('assessment', schema=None) as batch_op:
        batch_op.drop_column('adjusted')
        batch_op.drop_column('situation')

