-- Some contacts, by their ids, after one; archived ones are left out.
select c.id from contact_list c
where c.tenant = current_setting('crm.tenant') and ($1::uuid is null or c.id > $1::uuid) and not c.archived
order by c.id limit $2
