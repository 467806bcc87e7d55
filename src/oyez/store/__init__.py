"""What outlives a process and is shared by several: keys, usage, limits, counts.

`base` has the records and the Protocol, and imports nothing heavy.
`opening.open_store` opens a database; it needs the extra `server`, and for PostgreSQL `postgres`.
"""
