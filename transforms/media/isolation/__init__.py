"""Untrusted media are parsed in child processes that hold nothing but one recording, and can do nothing but answer."""
