-- make --
-- The salts of people, new ones for those who have none; null where it was thrown away. Whom another call is just giving one
-- is missing from the answer: its salt is there for the next call.
with asked as (select * from unnest($1::text[], $2::uuid[], $3::bytea[]) as a(tenant, subject_id, salt)),
made as (
  insert into subject_keys (tenant, subject_id, salt) select * from asked
  on conflict do nothing returning tenant, subject_id, salt)
select * from made
union all
select k.tenant, k.subject_id, k.salt from asked join subject_keys k using (tenant, subject_id)

-- find --
-- The salts of people, empty where it was thrown away; whom none was ever made for is missing.
select k.tenant, k.subject_id, coalesce(k.salt, '') as salt
from unnest($1::text[], $2::uuid[]) as asked(tenant, subject_id) join subject_keys k using (tenant, subject_id)
