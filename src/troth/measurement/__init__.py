"""Evidence formats to facts, facts against objectives: the interval decides."""
