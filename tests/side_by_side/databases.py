"""Databases and roles."""
