"""Tools around the platform: the command line, the embedded servers, and what reads the log as a whole."""
