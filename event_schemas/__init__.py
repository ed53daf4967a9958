"""The contract that write side, projections and read API share: events, envelope, codec, ports. Pure; no I/O."""
