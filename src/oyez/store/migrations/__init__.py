"""How the tables came to be: Alembic's migrations, applied when a store is opened."""
