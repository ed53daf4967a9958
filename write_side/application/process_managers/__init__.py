"""Process managers: what follows from an event elsewhere, sent as commands. Effects hang here, never on views."""
