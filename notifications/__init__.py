"""Paging and delivery. Knows the domain, never Flask."""
