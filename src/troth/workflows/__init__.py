"""What the command line and the hub share: fetch with adapters, decide with the domain."""
