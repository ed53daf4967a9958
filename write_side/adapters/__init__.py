"""What touches the outside: stores, keys, clocks."""
