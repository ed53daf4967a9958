-- entity_card -- What a card says, from the newest state: for when there is no card.
select s.id, s.kind, s.sort_name as name, (s.doc->>'version')::integer as version, s.position_from as position
from entity_states s
where s.tenant = current_setting('crm.tenant')
  and s.kind = any (array['lead', 'contact', 'activity', 'deal', 'account', 'pipeline', 'product', 'team', 'user'])
  and s.id = $1
order by s.version desc
limit 1
