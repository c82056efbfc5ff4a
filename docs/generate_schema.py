"""docs/reference/schema.md: the tables of ``log.db``, from the comments in `troth.store.schema`."""

from __future__ import annotations

from troth.store.schema import REVISION, metadata

HEAD = """# The tables of a log

<!-- Made by docs/generate_schema.py from src/troth/store/schema.py. Do not edit. -->

`log.db` in the data directory is SQLite (WAL, `synchronous = FULL`); other engines have the same tables. One
transaction for each batch writes `entries`, `tiles` and `head` together. Times are Unix seconds, digests 32 raw bytes.
`kind` and `blob` can be read out of the entries again, `tiles` and `head` be computed from them, so that the entries
are the log. Migrations go forward only, when a hub opens the file; this is revision {revision}.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD.format(revision=REVISION)]
    for table in metadata.tables.values():
        parts += [
            f"## {table.name}",
            "",
            f"{table.comment}.",
            "",
            "| column | type | | |",
            "|---|---|---|---|",
        ]
        for column in table.columns:
            marks = "key" if column.primary_key else "" if column.nullable else "not null"
            parts.append(f"| `{column.name}` | {column.type} | {marks} | {column.comment} |")
        indexed = [
            f"`{index.name}` on {', '.join(each.name for each in index.columns)}{' (unique)' if index.unique else ''}"
            for index in sorted(table.indexes, key=lambda each: str(each.name))
        ]
        parts += ["", f"Indexes: {'; '.join(indexed)}.", ""] if indexed else [""]
    return "\n".join(parts).rstrip() + "\n"
