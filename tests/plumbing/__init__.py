"""The real things that tests talk to: a database server, a mail server, a browser."""
