"""What happens to a command between the edge and the log."""
