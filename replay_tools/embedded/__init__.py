"""PostgreSQL and Valkey out of pip packages, Kafka and Elasticsearch by Maven: children that never outlive us (Linux).

with DataFolder(path) as folder, start_postgres(folder) as postgres, start_valkey(folder) as valkey:
    ...  # postgres.url, valkey.url
"""
