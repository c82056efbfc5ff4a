"""STIX, TLP and cases. Empty until the Sharing issue: nothing here is used yet."""
