-- What is compared of some contacts.
select c.id, c.person_name as name, c.email_normal as email, c.phone_e164, c.phone_block, null::text as company,
  array(select a.account_id from contact_accounts a where a.tenant = c.tenant and a.contact_id = c.id) as accounts
from contact_list c
where c.tenant = current_setting('crm.tenant') and c.id = any($1::uuid[])
