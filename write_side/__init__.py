"""Commands in, events out: domain, application, adapters, entry points."""
