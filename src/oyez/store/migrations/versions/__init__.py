"""One module for each change of the tables, named by what it brings."""
