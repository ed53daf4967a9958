-- Some leads, by their ids, after one; archived, merged and converted ones are left out.
select l.id from lead_list l
where l.tenant = current_setting('crm.tenant') and ($1::uuid is null or l.id > $1::uuid)
  and not l.archived and l.status not in ('merged', 'converted')
order by l.id limit $2
