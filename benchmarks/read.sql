-- deals -- the newest deals with account, owner and product, as the JSON of the answer
select convert_to(json_build_object('data', json_build_object('deals', json_build_object('edges', coalesce(json_agg(json_build_object('node',
  json_build_object(
    'id', d.id, 'name', d.name, 'status', upper(d.status),
    'amount', json_build_object('minor', d.amount_minor::text, 'currency', d.currency),
    'expectedClose', d.expected_close, 'openedAt', replace(to_json(d.opened_at)::text, '+00:00', 'Z')::json, 'version', d.version,
    'account', case when a.id is not null then json_build_object('id', a.id, 'name', a.name) end,
    'owner', case when o.id is not null then json_build_object('id', o.id, 'name', o.name) end,
    'product', case when p.id is not null then json_build_object('id', p.id, 'name', p.name) end
  )) order by d.opened_at desc, d.id desc), '[]'))))::text, 'UTF8') as answer
from (select * from deal_board order by opened_at desc, id desc limit $1) d
left join account_list a on a.id = d.account_id
left join user_list o on o.id = d.owner_id
left join product_list p on p.id = d.product_id

-- deal -- one deal with account, owner and product, as the JSON of the answer
select convert_to(json_build_object('data', json_build_object('deal', json_build_object(
    'id', d.id, 'name', d.name, 'status', upper(d.status),
    'amount', json_build_object('minor', d.amount_minor::text, 'currency', d.currency),
    'expectedClose', d.expected_close, 'openedAt', replace(to_json(d.opened_at)::text, '+00:00', 'Z')::json, 'version', d.version,
    'account', case when a.id is not null then json_build_object('id', a.id, 'name', a.name) end,
    'owner', case when o.id is not null then json_build_object('id', o.id, 'name', o.name) end,
    'product', case when p.id is not null then json_build_object('id', p.id, 'name', p.name) end
  )))::text, 'UTF8') as answer
from deal_board d
left join account_list a on a.id = d.account_id
left join user_list o on o.id = d.owner_id
left join product_list p on p.id = d.product_id
where d.id = $1

-- forecast -- what is open, to be expected, won and lost by owner, as the JSON of the answer
with deals as (
  select coalesce(o.name, '') as owner, d.status, d.amount_minor as amount, (d.amount_minor * s.probability + 50) / 100 as weighted
  from deal_board d join pipeline_stages s on s.pipeline_id = d.pipeline_id and s.id = d.stage_id left join user_list o on o.id = d.owner_id
  where d.currency = 'USD'
), groups as (
  select owner, count(*) filter (where status = 'open') as open, coalesce(sum(amount) filter (where status = 'open'), 0) as open_amount,
    coalesce(sum(weighted) filter (where status = 'open'), 0) as weighted, count(*) filter (where status = 'won') as won,
    coalesce(sum(amount) filter (where status = 'won'), 0) as won_amount, count(*) filter (where status = 'lost') as lost,
    coalesce(sum(amount) filter (where status = 'lost'), 0) as lost_amount
  from deals group by owner
)
select convert_to(json_build_object('data', json_build_object('forecast', json_build_object('groups', coalesce(json_agg(json_build_object(
  'key', json_build_array(owner), 'figures', json_build_object(
    'open', json_build_object('count', open, 'amount', json_build_object('minor', open_amount::text)),
    'weighted', json_build_object('count', open, 'amount', json_build_object('minor', weighted::text)),
    'won', json_build_object('count', won, 'amount', json_build_object('minor', won_amount::text)),
    'lost', json_build_object('count', lost, 'amount', json_build_object('minor', lost_amount::text))
  )) order by owner collate "C"), '[]'))))::text, 'UTF8') as answer
from groups
