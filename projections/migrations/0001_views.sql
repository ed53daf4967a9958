-- fillfactor 85 where rows are written again soon: the new version fits beside the old one, and no index is touched.

-- Control tables of the projections: no tenant column, not granted to the API's role unless said.
create table watermarks (
  view_group text not null,
  topic text not null,
  partition integer not null,
  position bigint not null check (position >= 0),
  primary key (view_group, topic, partition)
);

-- One row per event that a view group could not apply, and per later event of the same stream (parked in order).
create table dead_letters (
  view_group text not null,
  view text not null,              -- '' when decoding or folding failed: parked for the whole group
  tenant text not null,
  stream text not null,
  position bigint not null,
  type text not null,
  error text not null,
  parked_at timestamptz not null default now(),
  primary key (view_group, view, position)
);
create index dead_letters_stream on dead_letters (view_group, stream);

-- The folded state of each (stream, entity) as its view group needs it for the next event.
create table documents (
  view_group text not null,
  tenant text not null,
  stream text not null,
  entity_id uuid not null,
  body bytea not null,
  position bigint not null,
  primary key (view_group, stream, entity_id)
) with (fillfactor = 85);

-- deal_board: a deal as it is now.
create table deal_board (
  tenant text not null,
  id uuid not null,
  name text not null,
  pipeline_id uuid not null,
  stage_id uuid not null,
  status text not null,            -- open, won, lost
  amount_minor bigint not null,
  currency text not null,
  account_id uuid,
  owner_id uuid,
  product_id uuid,
  expected_close date,
  opened_at timestamptz not null,
  closed_at timestamptz,
  stage_entered_at timestamptz not null,
  loss_reason text,
  loss_detail text,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
) with (fillfactor = 85);
create index deal_board_opened on deal_board (tenant, opened_at, id);
create index deal_board_name on deal_board (tenant, name, id);
create index deal_board_amount on deal_board (tenant, amount_minor, id);
create index deal_board_account on deal_board (tenant, account_id);
create index deal_board_owner on deal_board (tenant, owner_id);
create index deal_board_stage on deal_board (tenant, stage_id);

-- deal_stage_history: each stay of a deal in a stage; left_at null while it is there.
create table deal_stage_history (
  tenant text not null,
  deal_id uuid not null,
  entry integer not null,          -- 1 for the first stay
  stage_id uuid not null,
  entered_at timestamptz not null,
  left_at timestamptz,
  primary key (tenant, deal_id, entry)
) with (fillfactor = 85);

create table account_list (
  tenant text not null,
  id uuid not null,
  name text not null,
  sector text,
  year_established integer,
  revenue_minor bigint,
  revenue_currency text,
  employees integer,
  location text,
  territory text,
  owner_id uuid,
  archived boolean not null,
  opened_at timestamptz not null,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
);
create index account_list_name on account_list (tenant, name, id);

-- account_tree: the parent of each account that ever had one; written by the hierarchy stream only.
create table account_tree (
  tenant text not null,
  account_id uuid not null,
  parent_id uuid,
  since timestamptz not null,
  position bigint not null,
  primary key (tenant, account_id)
);
create index account_tree_parent on account_tree (tenant, parent_id);

create table pipeline_list (
  tenant text not null,
  id uuid not null,
  name text not null,
  currency text not null,
  defined_at timestamptz not null,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
);
create index pipeline_list_name on pipeline_list (tenant, name, id);

create table pipeline_stages (
  tenant text not null,
  id uuid not null,
  pipeline_id uuid not null,
  name text not null,
  probability integer not null,
  category text not null,          -- open, won, lost
  rank integer not null,           -- 0-based among the stages that are not retired; retired ones come after
  retired boolean not null,
  primary key (tenant, pipeline_id, id)  -- ids are chosen by clients: two pipelines may have the same
);
create index pipeline_stages_pipeline on pipeline_stages (tenant, pipeline_id, rank);

create table product_list (
  tenant text not null,
  id uuid not null,
  name text not null,
  series text,
  price_minor bigint not null,
  currency text not null,
  retired boolean not null,
  listed_at timestamptz not null,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
);
create index product_list_name on product_list (tenant, name, id);

create table team_list (
  tenant text not null,
  id uuid not null,
  name text not null,
  region text,
  manager_id uuid,
  created_at timestamptz not null,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
);
create index team_list_name on team_list (tenant, name, id);

create table user_list (
  tenant text not null,
  id uuid not null,
  name text not null,
  region text,
  team_id uuid,
  manager_id uuid,
  created_at timestamptz not null,
  version integer not null,
  position bigint not null,
  primary key (tenant, id)
);
create index user_list_name on user_list (tenant, name, id);
create index user_list_team on user_list (tenant, team_id);

-- entity_states: every version of every (stream, entity) with both intervals. doc's keys are the columns of the kind's list.
-- A state is valid at (position p, occurred t) when position_from <= p and occurred_from <= t
-- and (position_to > p or occurred_to > t); both clocks only go forward within one (stream, entity).
create table entity_states (
  tenant text not null,
  kind text not null,              -- deal, account, account_parent, pipeline, product, team, user
  id uuid not null,
  version integer not null,        -- 1 for the first state of this (kind, id); dense
  position_from bigint not null,
  position_to bigint not null default 9223372036854775807,
  recorded_at timestamptz not null,
  occurred_from timestamptz not null,
  occurred_to timestamptz not null default 'infinity',
  doc jsonb not null,
  sort_name text,
  sort_amount bigint,
  sort_at timestamptz,             -- opened, defined, listed or created at
  sort_date date,                  -- expected close
  primary key (tenant, kind, id, version)
) with (fillfactor = 85);
create index entity_states_at on entity_states (tenant, kind, sort_at, id);
create index entity_states_name on entity_states (tenant, kind, sort_name, id);
create index entity_states_recorded on entity_states (tenant, recorded_at);

-- entity_timeline: one line per event and entity.
create table entity_timeline (
  tenant text not null,
  entity_id uuid not null,
  position bigint not null,
  stream text not null,
  stream_version integer not null,
  type text not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  actor text not null,
  data jsonb not null,             -- the event's payload, newest version
  primary key (tenant, entity_id, position)
);

do $$
declare name text;
begin
  foreach name in array array['crm_owner', 'crm_append', 'crm_api', 'crm_worker', 'crm_search_reader'] loop
    if not exists (select from pg_roles where rolname = name) then
      begin
        execute format('create role %I nologin nosuperuser nobypassrls', name);
      exception when duplicate_object or unique_violation then
        null;  -- roles belong to the cluster: another database's migration was quicker
      end;
    end if;
  end loop;
  foreach name in array array['deal_board', 'deal_stage_history', 'account_list', 'account_tree', 'pipeline_list', 'pipeline_stages',
      'product_list', 'team_list', 'user_list', 'entity_states', 'entity_timeline', 'dead_letters', 'documents'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy all_tenants on %I for all to crm_worker using (true) with check (true)', name);
    execute format('grant select, insert, update, delete on %I to crm_worker', name);
    if name <> 'documents' then
      execute format('create policy own_tenant on %I for select to crm_api using (tenant = current_setting(''crm.tenant'', true))', name);
      execute format('grant select on %I to crm_api', name);
    end if;
  end loop;
end $$;
grant select, insert, update on watermarks to crm_worker;

-- The API may learn how far a view group is, in its own snapshot, but may not read the control table.
create function view_position(wanted text) returns bigint language sql stable security definer set search_path = pg_catalog, public as $$
  select coalesce(min(position), 0) from public.watermarks where view_group = wanted
$$;
revoke all on function view_position(text) from public;
grant execute on function view_position(text) to crm_api, crm_worker;
