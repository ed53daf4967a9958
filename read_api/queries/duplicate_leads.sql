-- Pairs of leads that are alike in one way at least: those of $1, each with at most $2 others for each way. Neither archived, merged nor converted ones take part.
select s.id, other.id as other
from lead_list s
cross join lateral (
  (select c.id from lead_list c
   where c.tenant = s.tenant and c.email_normal = s.email_normal and not c.archived and c.status not in ('merged', 'converted') and c.id <> s.id limit $2)
  union
  (select c.id from lead_list c
   where c.tenant = s.tenant and c.phone_block = s.phone_block and not c.archived and c.status not in ('merged', 'converted') and c.id <> s.id limit $2)
  union
  (select c.id from lead_list c
   where c.tenant = s.tenant and c.name_block = s.name_block and not c.archived and c.status not in ('merged', 'converted') and c.id <> s.id limit $2)
  union
  (select c.id from lead_list c
   where c.tenant = s.tenant and c.name_sound = s.name_sound and not c.archived and c.status not in ('merged', 'converted') and c.id <> s.id limit $2)
) other
where s.tenant = current_setting('crm.tenant') and s.id = any($1::uuid[]) and not s.archived and s.status not in ('merged', 'converted')
