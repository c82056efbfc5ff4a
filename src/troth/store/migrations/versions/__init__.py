"""One file per change of the schema, each released for ever."""
