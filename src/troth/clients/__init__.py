"""Talking to a hub over HTTP."""
