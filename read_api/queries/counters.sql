-- counters -- What the live counters say, counted; of one owner, or of all where $1 is null. The tenant is the transaction's.
select deals.*, leads.*, activities.*
from (
  select count(*) filter (where d.status = 'open') as open_deals,
    count(*) filter (where d.status = 'won') as won_deals,
    count(*) filter (where d.status = 'lost') as lost_deals
  from deal_board d
  where d.tenant = current_setting('crm.tenant') and ($1::uuid is null or d.owner_id = $1)
) deals
cross join (
  select count(*) filter (where l.status = 'new') as new_leads,
    count(*) filter (where l.status = 'qualified') as qualified_leads
  from lead_list l
  where l.tenant = current_setting('crm.tenant') and ($1::uuid is null or l.owner_id = $1) and not l.archived
) leads
cross join (
  select count(*) as open_activities, count(*) filter (where a.due_at < $2::timestamptz) as overdue
  from activity_list a
  where a.tenant = current_setting('crm.tenant') and ($1::uuid is null or a.owner_id = $1) and a.status = 'open'
) activities
