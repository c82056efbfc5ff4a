"""Challenges, clocks and jurisdiction. Empty until the Recourse issue: nothing here is used yet."""
