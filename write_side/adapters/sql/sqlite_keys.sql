-- create --
-- The salts of people's keys, as in PostgreSQL; null where it was thrown away.
create table if not exists subject_keys (
  tenant text not null,
  subject_id text not null,
  salt blob,
  created_at text not null,
  erased_at text,
  primary key (tenant, subject_id),
  check ((salt is null) = (erased_at is not null))
) without rowid

-- make --
-- Give a person a salt who has none and was not erased.
insert into subject_keys (tenant, subject_id, salt, created_at) values (?, ?, ?, ?) on conflict do nothing

-- find --
-- A person's salt.
select salt from subject_keys where tenant = ? and subject_id = ?

-- erase --
-- Throw a person's salt away, and let them have none for ever.
insert into subject_keys (tenant, subject_id, salt, created_at, erased_at) values (?, ?, null, ?, ?)
on conflict do update set salt = null, erased_at = excluded.erased_at
