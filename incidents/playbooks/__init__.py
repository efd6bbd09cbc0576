"""Playbooks as TOML: what to do, in which lane, by whom and by when."""
