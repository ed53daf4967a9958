-- move -- the watermark, as a hand-written loop would keep it
update watermarks set position = $2 where view_group = 'by hand' and topic = 'log' and partition = 0 and position = $1

-- deal_board -- the deals of a batch
insert into deal_board (tenant, id, name, pipeline_id, stage_id, status, amount_minor, currency, account_id, owner_id, product_id,
  expected_close, opened_at, closed_at, stage_entered_at, loss_reason, loss_detail, version, position)
select * from unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::uuid[], $6::text[], $7::bigint[], $8::text[], $9::uuid[],
  $10::uuid[], $11::uuid[], $12::date[], $13::timestamptz[], $14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[],
  $18::integer[], $19::bigint[])
on conflict (tenant, id) do update set name = excluded.name, pipeline_id = excluded.pipeline_id, stage_id = excluded.stage_id,
  status = excluded.status, amount_minor = excluded.amount_minor, currency = excluded.currency, account_id = excluded.account_id,
  owner_id = excluded.owner_id, product_id = excluded.product_id, expected_close = excluded.expected_close,
  opened_at = excluded.opened_at, closed_at = excluded.closed_at, stage_entered_at = excluded.stage_entered_at,
  loss_reason = excluded.loss_reason, loss_detail = excluded.loss_detail, version = excluded.version, position = excluded.position

-- deal_stage_history -- the stays that began
insert into deal_stage_history (tenant, deal_id, entry, stage_id, entered_at, left_at)
select * from unnest($1::text[], $2::uuid[], $3::integer[], $4::uuid[], $5::timestamptz[], $6::timestamptz[])
on conflict (tenant, deal_id, entry) do update
set stage_id = excluded.stage_id, entered_at = excluded.entered_at, left_at = excluded.left_at

-- deal_stage_history_left -- the stays of earlier batches that ended
update deal_stage_history as h set left_at = u.left_at
from unnest($1::text[], $2::uuid[], $3::integer[], $4::timestamptz[]) as u(tenant, deal_id, entry, left_at)
where h.tenant = u.tenant and h.deal_id = u.deal_id and h.entry = u.entry

-- entity_states -- the states that began
insert into entity_states (tenant, kind, id, version, position_from, position_to, recorded_at, occurred_from, occurred_to, doc,
  sort_name, sort_amount, sort_at, sort_date)
select * from unnest($1::text[], $2::text[], $3::uuid[], $4::integer[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::timestamptz[],
  $9::timestamptz[], $10::jsonb[], $11::text[], $12::bigint[], $13::timestamptz[], $14::date[])
on conflict (tenant, kind, id, version) do update set position_from = excluded.position_from, position_to = excluded.position_to,
  recorded_at = excluded.recorded_at, occurred_from = excluded.occurred_from, occurred_to = excluded.occurred_to, doc = excluded.doc,
  sort_name = excluded.sort_name, sort_amount = excluded.sort_amount, sort_at = excluded.sort_at, sort_date = excluded.sort_date

-- entity_states_ended -- the states of earlier batches that ended; the order keeps the planner on the primary key
update entity_states as s set position_to = u.position_to, occurred_to = u.occurred_to
from unnest($1::text[], $2::text[], $3::uuid[], $4::integer[], $5::bigint[], $6::timestamptz[])
  as u(tenant, kind, id, version, position_to, occurred_to)
cross join lateral (
  select e.ctid as place, e.version from entity_states as e
  where e.tenant = u.tenant and e.kind = u.kind and e.id = u.id and e.version >= u.version order by e.version limit 1) as found
where s.ctid = found.place and found.version = u.version

-- entity_timeline -- what happened
insert into entity_timeline (tenant, entity_id, position, stream, stream_version, type, occurred_at, recorded_at, actor, data)
select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::integer[], $6::text[], $7::timestamptz[], $8::timestamptz[],
  $9::text[], $10::jsonb[])
on conflict (tenant, entity_id, position) do update set stream = excluded.stream, stream_version = excluded.stream_version,
  type = excluded.type, occurred_at = excluded.occurred_at, recorded_at = excluded.recorded_at, actor = excluded.actor, data = excluded.data
