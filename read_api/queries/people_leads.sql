-- What is compared of some leads.
select l.id, l.person_name as name, l.email_normal as email, l.phone_e164, l.phone_block, l.company, '{}'::uuid[] as accounts
from lead_list l
where l.tenant = current_setting('crm.tenant') and l.id = any($1::uuid[])
