"""The log's database: SQLite now, behind the interface that PostgreSQL will share."""
