"""What Alembic runs to apply migrations, on the connection and in the transaction it is given."""

from alembic import context

from oyez.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite cannot change a column: Alembic makes a new table and moves the rows.
    render_as_batch=True,
)
context.run_migrations()
