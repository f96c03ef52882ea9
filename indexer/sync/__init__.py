"""From the node into the database: read, verify, write, remember how far."""
