"""Backup and restore, carried out and measured on a running installation (`scripts.rehearse_restore`).

database   a consistent copy of SQLite or PostgreSQL while it is written to, and the copy put back elsewhere
chain      files of the embedded node or of one Besu node while it runs, and a node started over the copy
checks     is the restored installation the one that was backed up?
"""
