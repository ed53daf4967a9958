-- Leads, contacts, activities and saved views; what deals and accounts gained. What was there before needs no new documents: a field
-- that has its default is not written into a document, so an old one says the same as one that is made anew.

create table lead_list (
  tenant text not null,
  id uuid not null,
  name text not null,              -- the person's, else company, e-mail, phone, external id, ''
  person_name text,
  job_title text,
  email text,
  email_normal text,               -- for comparisons: functions over email are kept away from indexes by row security
  phone text,
  phone_e164 text,
  company text,
  source text,
  campaign text,
  external_id text,
  attributes jsonb not null,       -- [{name, value}], each name once
  owner_id uuid,
  status text not null,            -- new, qualified, disqualified, converted, merged
  score integer,
  score_model text,
  score_reasons jsonb not null,    -- [text]
  disqualification_reason text,
  disqualification_detail text,
  conversion text,                 -- pending, completed, failed
  conversion_step text,            -- where it failed: account, contact, deal
  conversion_code text,
  conversion_reason text,
  account_id uuid,                 -- what it became
  contact_id uuid,
  deal_id uuid,
  merged_into_id uuid,
  archived boolean not null,
  captured_at timestamptz not null,
  qualified_at timestamptz,
  converted_at timestamptz,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
) with (fillfactor = 85);
create index lead_list_name on lead_list (tenant, name, id);
create index lead_list_captured on lead_list (tenant, captured_at, id);
create index lead_list_status on lead_list (tenant, status, captured_at, id);
create index lead_list_owner on lead_list (tenant, owner_id) where owner_id is not null;
create index lead_list_email on lead_list (tenant, email_normal) where email_normal is not null;
create index lead_list_phone on lead_list (tenant, phone_e164) where phone_e164 is not null;
create index lead_list_external on lead_list (tenant, external_id) where external_id is not null;

create table contact_list (
  tenant text not null,
  id uuid not null,
  name text not null,              -- the person's, else e-mail, phone, external id, ''
  person_name text,
  job_title text,
  email text,
  email_normal text,
  phone text,
  phone_e164 text,
  external_id text,
  attributes jsonb not null,       -- [{name, value}], each name once
  owner_id uuid,
  lead_id uuid,
  archived boolean not null,       -- merged ones are too
  merged_into_id uuid,
  created_at timestamptz not null,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
) with (fillfactor = 85);
create index contact_list_name on contact_list (tenant, name, id);
create index contact_list_created on contact_list (tenant, created_at, id);
create index contact_list_owner on contact_list (tenant, owner_id) where owner_id is not null;
create index contact_list_email on contact_list (tenant, email_normal) where email_normal is not null;
create index contact_list_phone on contact_list (tenant, phone_e164) where phone_e164 is not null;
create index contact_list_external on contact_list (tenant, external_id) where external_id is not null;
create index contact_list_lead on contact_list (tenant, lead_id) where lead_id is not null;

create table contact_accounts (
  tenant text not null,
  contact_id uuid not null,
  account_id uuid not null,
  role text,
  since timestamptz not null,
  primary key (tenant, contact_id, account_id)
);
create index contact_accounts_account on contact_accounts (tenant, account_id);

create table contact_relations (
  tenant text not null,
  contact_id uuid not null,
  other_id uuid not null,
  relation text not null,          -- reports_to, knows
  since timestamptz not null,
  primary key (tenant, contact_id, other_id, relation)
);
create index contact_relations_other on contact_relations (tenant, other_id);

create table contact_consents (
  tenant text not null,
  contact_id uuid not null,
  channel text not null,           -- email, phone, sms, post
  purpose text not null,
  given boolean not null,
  evidence text,                   -- null when withdrawn
  changed_at timestamptz not null,
  primary key (tenant, contact_id, channel, purpose)
);

create table activity_list (
  tenant text not null,
  id uuid not null,
  name text not null,              -- the subject, or ''
  kind text not null,              -- call, meeting, email, note, task
  subject text,
  body text,
  status text not null,            -- open, done, cancelled
  owner_id uuid,
  person_id uuid,
  due_at timestamptz,
  minutes integer,
  outcome text,
  reason text,
  created_at timestamptz not null,
  done_at timestamptz,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
) with (fillfactor = 85);
create index activity_list_name on activity_list (tenant, name, id);
create index activity_list_created on activity_list (tenant, created_at, id);
create index activity_list_owner on activity_list (tenant, owner_id) where owner_id is not null;
create index activity_list_due on activity_list (tenant, due_at, id) where status = 'open';
create index activity_list_agenda on activity_list (tenant, owner_id, due_at, id) where status = 'open';

create table activity_related (
  tenant text not null,
  activity_id uuid not null,
  kind text not null,              -- lead, contact, account, deal
  entity_id uuid not null,
  primary key (tenant, activity_id, kind, entity_id)
);
create index activity_related_entity on activity_related (tenant, entity_id);

-- activity_counts: how many activities of a kind a user did on a day. Made of increments: each is done once.
create table activity_counts (
  tenant text not null,
  owner_id uuid not null,          -- 00000000-0000-0000-0000-000000000000: nobody's
  kind text not null,
  day date not null,               -- UTC, of when it was done
  done bigint not null default 0,
  primary key (tenant, owner_id, kind, day)
) with (fillfactor = 85);
create index activity_counts_day on activity_counts (tenant, day);

create table saved_view_list (
  tenant text not null,
  id uuid not null,
  kind text not null,              -- lead, contact, account, deal, activity
  name text not null,
  filter text not null,            -- as the API takes it, as JSON text
  sort text,
  shared boolean not null,
  owner text not null,             -- as the token names them
  created_at timestamptz not null,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
);
create index saved_view_list_name on saved_view_list (tenant, name, id);

alter table deal_board add column line_items jsonb not null default '[]';  -- [{product_id, quantity, unit_price_minor, discount}]
alter table account_list add column merged_into_id uuid;

create table deal_contacts (
  tenant text not null,
  deal_id uuid not null,
  contact_id uuid not null,
  role text,
  since timestamptz not null,
  primary key (tenant, deal_id, contact_id)
);
create index deal_contacts_contact on deal_contacts (tenant, contact_id);

-- entity_links: all that a state points at, where that can be many (a contact's accounts and relations, a deal's contacts, what an activity
-- is about), so that the way back is an index as of any moment too. What there is to say of a link is in the state's doc.
create table entity_links (
  tenant text not null,
  kind text not null,
  id uuid not null,
  version integer not null,
  link_id uuid not null,
  primary key (tenant, kind, id, version, link_id)
);
create index entity_links_link on entity_links (tenant, kind, link_id);

do $$
declare name text;
begin
  foreach name in array array['lead_list', 'contact_list', 'contact_accounts', 'contact_relations', 'contact_consents', 'activity_list',
      'activity_related', 'activity_counts', 'saved_view_list', 'deal_contacts', 'entity_links'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy all_tenants on %I for all to crm_worker using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to crm_worker', name);
    execute format('create policy own_tenant on %I for select to crm_api using (tenant = current_setting(''crm.tenant'', true))', name);
    execute format('grant select on %I to crm_api', name);
  end loop;
end $$;

-- As of a moment, in the manner of 0002. A document leaves out what has its default, so every list may be absent from it. The parts of an
-- entity (its accounts, contacts, ...) are those of the state that answers, with early too.

drop function accounts_now();
create function accounts_now() returns table (
  id uuid, name text, sector text, year_established integer, revenue_minor bigint, revenue_currency text, employees integer,
  location text, territory text, owner_id uuid, archived boolean, merged_into_id uuid, opened_at timestamptz, version integer, parent_id uuid
) language sql stable as $$
  select a.id, a.name, a.sector, a.year_established, a.revenue_minor, a.revenue_currency, a.employees,
    a.location, a.territory, a.owner_id, a.archived, a.merged_into_id, a.opened_at, a.version, h.parent_id
  from account_list a left join account_tree h on h.tenant = a.tenant and h.account_id = a.id
$$;

drop function accounts_as_of(bigint, timestamptz, boolean);
create function accounts_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, sector text, year_established integer, revenue_minor bigint, revenue_currency text, employees integer,
  location text, territory text, owner_id uuid, archived boolean, merged_into_id uuid, opened_at timestamptz, version integer, parent_id uuid
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'sector', (s.doc->>'year_established')::integer, (s.doc->>'revenue_minor')::bigint,
    s.doc->>'revenue_currency', (s.doc->>'employees')::integer, s.doc->>'location', s.doc->>'territory', (s.doc->>'owner_id')::uuid,
    (s.doc->>'archived')::boolean, (s.doc->>'merged_into_id')::uuid, s.sort_at, (s.doc->>'version')::integer, h.link_id
  from entity_states s
  left join entity_states h on h.tenant = s.tenant and h.kind = 'account_parent' and h.id = s.id
    and holds(h.version, h.position_from, h.position_to, h.occurred_from, h.occurred_to, p, t, false)
  where s.kind = 'account'
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

drop function deals_as_of(bigint, timestamptz, boolean);
create function deals_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, pipeline_id uuid, stage_id uuid, status text, amount_minor bigint, currency text, account_id uuid, owner_id uuid,
  product_id uuid, expected_close date, opened_at timestamptz, closed_at timestamptz, stage_entered_at timestamptz,
  loss_reason text, loss_detail text, line_items jsonb, version integer, contacts jsonb
) language sql stable as $$
  select s.id, s.sort_name, (s.doc->>'pipeline_id')::uuid, (s.doc->>'stage_id')::uuid, s.doc->>'status', s.sort_amount,
    s.doc->>'currency', s.link_id, (s.doc->>'owner_id')::uuid, (s.doc->>'product_id')::uuid, s.sort_date, s.sort_at,
    (s.doc->>'closed_at')::timestamptz, (s.doc->>'stage_entered_at')::timestamptz, s.doc->>'loss_reason', s.doc->>'loss_detail',
    coalesce(s.doc->'line_items', '[]'), (s.doc->>'version')::integer, coalesce(s.doc->'contacts', '[]')
  from entity_states s
  where s.kind = 'deal' and (early or s.sort_at <= t) -- implied; lets the index on sort_at start there
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

-- By deal_id and by contact_id alike through an index.
create function deal_contacts_as_of(p bigint, t timestamptz, early boolean) returns table (
  deal_id uuid, contact_id uuid, role text, since timestamptz
) language sql stable as $$
  select l.id, l.link_id, g.link->>'role', (g.link->>'since')::timestamptz
  from entity_links l
  join entity_states s on s.tenant = l.tenant and s.kind = 'deal' and s.id = l.id and s.version = l.version
  cross join lateral jsonb_array_elements(s.doc->'contacts') g (link)
  where l.kind = 'deal' and g.link->>'contact_id' = l.link_id::text
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

create function leads_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, person_name text, job_title text, email text, email_normal text, phone text, phone_e164 text, company text, source text,
  campaign text, external_id text, attributes jsonb, owner_id uuid, status text, score integer, score_model text, score_reasons jsonb,
  disqualification_reason text, disqualification_detail text, conversion text, conversion_step text, conversion_code text,
  conversion_reason text, account_id uuid, contact_id uuid, deal_id uuid, merged_into_id uuid, archived boolean, captured_at timestamptz,
  qualified_at timestamptz, converted_at timestamptz, version integer
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'person_name', s.doc->>'job_title', s.doc->>'email', s.doc->>'email_normal', s.doc->>'phone',
    s.doc->>'phone_e164', s.doc->>'company', s.doc->>'source', s.doc->>'campaign', s.doc->>'external_id',
    coalesce(s.doc->'attributes', '[]'), (s.doc->>'owner_id')::uuid, s.doc->>'status', s.sort_amount::integer, s.doc->>'score_model',
    coalesce(s.doc->'score_reasons', '[]'), s.doc->>'disqualification_reason', s.doc->>'disqualification_detail', s.doc->>'conversion',
    s.doc->>'conversion_step', s.doc->>'conversion_code', s.doc->>'conversion_reason', (s.doc->>'account_id')::uuid,
    (s.doc->>'contact_id')::uuid, (s.doc->>'deal_id')::uuid, (s.doc->>'merged_into_id')::uuid,
    coalesce((s.doc->>'archived')::boolean, false), s.sort_at, (s.doc->>'qualified_at')::timestamptz,
    (s.doc->>'converted_at')::timestamptz, (s.doc->>'version')::integer
  from entity_states s
  where s.kind = 'lead' and (early or s.sort_at <= t) -- implied, as for deals
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

create function contacts_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, person_name text, job_title text, email text, email_normal text, phone text, phone_e164 text, external_id text,
  attributes jsonb, owner_id uuid, lead_id uuid, archived boolean, merged_into_id uuid, created_at timestamptz, version integer,
  accounts jsonb, relations jsonb, consents jsonb
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'person_name', s.doc->>'job_title', s.doc->>'email', s.doc->>'email_normal', s.doc->>'phone',
    s.doc->>'phone_e164', s.doc->>'external_id', coalesce(s.doc->'attributes', '[]'), (s.doc->>'owner_id')::uuid,
    (s.doc->>'lead_id')::uuid, coalesce((s.doc->>'archived')::boolean, false), (s.doc->>'merged_into_id')::uuid, s.sort_at,
    (s.doc->>'version')::integer, coalesce(s.doc->'accounts', '[]'), coalesce(s.doc->'relations', '[]'), coalesce(s.doc->'consents', '[]')
  from entity_states s
  where s.kind = 'contact' and (early or s.sort_at <= t)
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

-- By contact_id and by account_id alike through an index.
create function contact_accounts_as_of(p bigint, t timestamptz, early boolean) returns table (
  contact_id uuid, account_id uuid, role text, since timestamptz
) language sql stable as $$
  select l.id, l.link_id, g.link->>'role', (g.link->>'since')::timestamptz
  from entity_links l
  join entity_states s on s.tenant = l.tenant and s.kind = 'contact' and s.id = l.id and s.version = l.version
  cross join lateral jsonb_array_elements(s.doc->'accounts') g (link)
  where l.kind = 'contact' and g.link->>'account_id' = l.link_id::text
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

-- By contact_id and by other_id alike through an index.
create function contact_relations_as_of(p bigint, t timestamptz, early boolean) returns table (
  contact_id uuid, other_id uuid, relation text, since timestamptz
) language sql stable as $$
  select l.id, l.link_id, g.link->>'relation', (g.link->>'since')::timestamptz
  from entity_links l
  join entity_states s on s.tenant = l.tenant and s.kind = 'contact' and s.id = l.id and s.version = l.version
  cross join lateral jsonb_array_elements(s.doc->'relations') g (link)
  where l.kind = 'contact' and g.link->>'other_id' = l.link_id::text
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

create function contact_consents_as_of(p bigint, t timestamptz, early boolean) returns table (
  contact_id uuid, channel text, purpose text, given boolean, evidence text, changed_at timestamptz
) language sql stable as $$
  select s.id, g.consent->>'channel', g.consent->>'purpose', (g.consent->>'given')::boolean, g.consent->>'evidence',
    (g.consent->>'changed_at')::timestamptz
  from entity_states s cross join lateral jsonb_array_elements(s.doc->'consents') g (consent)
  where s.kind = 'contact'
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

create function activities_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, name text, kind text, subject text, body text, status text, owner_id uuid, person_id uuid, due_at timestamptz, minutes integer,
  outcome text, reason text, created_at timestamptz, done_at timestamptz, version integer
) language sql stable as $$
  select s.id, s.sort_name, s.doc->>'kind', s.doc->>'subject', s.doc->>'body', s.doc->>'status', (s.doc->>'owner_id')::uuid,
    (s.doc->>'person_id')::uuid, (s.doc->>'due_at')::timestamptz, (s.doc->>'minutes')::integer, s.doc->>'outcome', s.doc->>'reason',
    s.sort_at, (s.doc->>'done_at')::timestamptz, (s.doc->>'version')::integer
  from entity_states s
  where s.kind = 'activity' and (early or s.sort_at <= t)
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

-- By activity_id and by entity_id alike through an index.
create function activity_related_as_of(p bigint, t timestamptz, early boolean) returns table (
  activity_id uuid, kind text, entity_id uuid
) language sql stable as $$
  select l.id, g.link->>'kind', l.link_id
  from entity_links l
  join entity_states s on s.tenant = l.tenant and s.kind = 'activity' and s.id = l.id and s.version = l.version
  cross join lateral jsonb_array_elements(s.doc->'related') g (link)
  where l.kind = 'activity' and g.link->>'id' = l.link_id::text
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;

-- One that was deleted by then is not there.
create function saved_views_as_of(p bigint, t timestamptz, early boolean) returns table (
  id uuid, kind text, name text, filter text, sort text, shared boolean, owner text, created_at timestamptz, version integer
) language sql stable as $$
  select s.id, s.doc->>'kind', s.sort_name, s.doc->>'filter', s.doc->>'sort', (s.doc->>'shared')::boolean, s.doc->>'owner', s.sort_at,
    (s.doc->>'version')::integer
  from entity_states s
  where s.kind = 'saved_view' and s.doc->>'deleted' is null
    and holds(s.version, s.position_from, s.position_to, s.occurred_from, s.occurred_to, p, t, early)
$$;
