"""What the log shows for (issuer, system, control) at an instant: pure functions of entries."""
