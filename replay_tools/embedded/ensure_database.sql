-- The database of the platform, made on the first start, and the server's version. For psql.
SELECT 'CREATE DATABASE crm' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'crm') \gexec
SHOW server_version;
