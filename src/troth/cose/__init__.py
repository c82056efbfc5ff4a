"""COSE_Sign1, COSE keys, deterministic CBOR, signature algorithms."""
