"""One history of the database over the tables of both packages. Run by ``python -m backend.migrate``."""
