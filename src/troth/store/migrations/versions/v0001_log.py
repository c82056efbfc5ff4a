"""The first schema: entries, tiles, head, blobs.

Written out, not taken from `schema.py`: a released migration does the same for ever, whatever the tables become.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_HAS_BLOB = sa.text("blob IS NOT NULL")


def upgrade() -> None:
    """Make the four tables."""
    op.create_table(
        "entries",
        sa.Column("idx", _BIG, primary_key=True, autoincrement=False),
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("time", _BIG, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("blob", sa.LargeBinary(32)),
    )
    op.create_index("entries_id", "entries", ["id"], unique=True)
    op.create_index("entries_kind", "entries", ["kind", "idx"])
    op.create_index("entries_blob", "entries", ["blob"], sqlite_where=_HAS_BLOB, postgresql_where=_HAS_BLOB)
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("n", _BIG, primary_key=True, autoincrement=False),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "head",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("root", sa.LargeBinary(32), nullable=False),
        sa.Column("checkpoint", sa.Text, nullable=False),
        sa.Column("time", _BIG, nullable=False),
        sa.CheckConstraint("one = 1", name="head_one"),
    )
    op.create_table(
        "blobs",
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
    )
