"""Mappings that come with the platform: `crm import FILE --map NAME`."""
