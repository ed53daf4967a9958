"""PostgreSQL and Valkey out of pip packages, as child processes that never outlive this one (Linux).

with DataFolder(path) as folder, start_postgres(folder) as postgres, start_valkey(folder) as valkey:
    ...  # postgres.url, valkey.url
"""
