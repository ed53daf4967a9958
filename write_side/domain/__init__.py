"""Pure deciders, one file per aggregate; no I/O, no clock, no randomness."""
