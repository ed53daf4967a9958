-- What can be searched: one row per entity, its words folded by event_schemas/folding.py, and the one function that asks.
-- Two extensions of PostgreSQL's own contrib modules are needed; both are trusted, so the database's owner may create them.
do $$
declare missing text;
begin
  select string_agg(wanted, ', ') into missing from unnest(array['pg_trgm', 'btree_gin']) wanted
  where wanted not in (select e.name from pg_available_extensions e);
  if missing is not null then
    raise exception 'search needs the PostgreSQL extension(s) %, which this server does not have', missing
      using hint = 'Install the contrib package of your PostgreSQL (such as postgresql-contrib), then start again.',
        errcode = 'feature_not_supported';
  end if;
end $$;
create extension if not exists pg_trgm;
create extension if not exists btree_gin;

create table search_entries (
  tenant text collate "C" not null,
  kind text collate "C" not null,
  id uuid not null,
  name text not null,               -- as it is shown
  label text collate "C" not null,  -- the folded words of the name, one space between two
  words text not null,              -- the distinct folded words of all that is searched, likewise
  letters text not null,            -- what is found by a piece of it: name, company, e-mail addresses, digits of phones; folded, in ASCII
  texts jsonb not null,             -- [{field, text}]: what is searched, as it is written
  owner_id uuid,
  pipeline_id uuid,
  stage_id uuid,
  archived boolean not null,
  merged_into_id uuid,
  born bigint not null,             -- the position of the entity's first event
  version integer not null,
  position bigint not null,
  -- The tenant stands in every lexeme, so that a search reads nothing of the other tenants; words hold neither / nor =.
  lexemes tsvector not null generated always as (array_to_tsvector(
    string_to_array(tenant || '/' || replace(words, ' ', ' ' || tenant || '/'), ' ')
    || array[tenant || '/k=' || kind, tenant || '/o=' || coalesce(owner_id::text, ''), tenant || '/s=' || coalesce(stage_id::text, '')]
  )) stored,
  primary key (tenant, kind, id)
) with (fillfactor = 85);
-- What is new waits in a list that every search reads to its end: 2 MB take it about a millisecond; with much less, writing takes twice as long.
create index search_entries_lexemes on search_entries using gin (lexemes) with (gin_pending_list_limit = 2048);
create index search_entries_letters on search_entries using gin (tenant, letters gin_trgm_ops) with (gin_pending_list_limit = 2048);
create index search_entries_label on search_entries (tenant, label, kind, id);

-- Every word that was ever part of a name: what a word with a typo may have been meant to be. No row ever changes.
create table search_words (
  tenant text collate "C" not null,
  word text collate "C" not null,
  letters text collate "C" not null,  -- the same in ASCII: in some locales trigrams are made of nothing else
  primary key (tenant, word, letters)
);
create index search_words_near on search_words using gin (tenant, letters gin_trgm_ops) with (gin_pending_list_limit = 2048);

do $$
declare name text;
begin
  foreach name in array array['search_entries', 'search_words'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy all_tenants on %I for all to crm_worker using (true) with check (true)', name);
    execute format('create policy own_tenant on %I for select to crm_api using (tenant = current_setting(''crm.tenant'', true))', name);
    execute format('create policy all_tenants_read on %I for select to crm_search_reader using (true)', name);
    execute format('grant select, insert, update, delete on %I to crm_worker', name);
    execute format('grant select on %I to crm_api, crm_search_reader', name);
  end loop;
end $$;

-- Row security keeps full-text and trigram operators away from indexes, since they are not leakproof. The two functions that search do so as
-- crm_search_reader, who may read all tenants, and bind the tenant themselves, to the transaction's; without one they find nothing.
-- Nothing that is given to them becomes part of a statement; it is quoted where it becomes part of a tsquery or a pattern, and cut where it
-- is long. They see pg_temp last and name tables with their schema, so that no other table can take a table's place.

-- A word of a tenant as a tsquery has it.
create function search_lexeme(tenant text, word text) returns text language sql immutable parallel safe as $$
  select '''' || replace(replace(tenant || '/' || left(word, 60), '\', '\\'), '''', '''''') || ''''
$$;

-- All of these words of a tenant; with is_prefix, one of more than a letter may be the beginning of a word. Null for none.
create function search_all(tenant text, words text[], is_prefix boolean) returns tsquery language sql immutable parallel safe as $$
  select string_agg(public.search_lexeme(tenant, w) || case when is_prefix and octet_length(w) > 1 then ':*' else '' end, ' & ')::tsquery
  from unnest(words) w
$$;

-- What stands anywhere in a text, as a pattern of LIKE.
create function search_pattern(piece text) returns text language sql immutable parallel safe as $$
  select '%' || replace(replace(replace(left(piece, 100), '\', '\\'), '%', '\%'), '_', '\_') || '%'
$$;

-- The words of the tenant that resemble any of these, which are given in ASCII too; the nearest first.
create function search_words_near(asked text[], spelled text[], most integer) returns table (meant text, word text)
language plpgsql stable security definer rows 100
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
set enable_indexscan = off
set enable_indexonlyscan = off
set pg_trgm.similarity_threshold = 0.2
as $$
declare
  asking constant text := nullif(current_setting('crm.tenant', true), '');
begin
  return query
    select a.word, n.word::text
    from (select w.word, left(w.letters, 120) as letters from unnest(asked, spelled) w (word, letters) limit 8) a
    cross join lateral (
      select s.word from public.search_words s
      where s.tenant = asking and s.letters % a.letters
      order by similarity(s.letters, a.letters) desc, s.word
      limit least(greatest(most, 0), 1000)) n;
end $$;

-- What has all the words and pieces: in its name from the start (exact, prefix), or anywhere (word; fragment for pieces); or the number.
-- With near, also what has one of the words only within another (fragment), or near ones instead (typo). The best come first, what is
-- archived last; in each of these ways at most as many as wanted are looked at: the first by name, or whichever the index gives first.
create function search_matching(
  phrase text,         -- the folded words of the whole question, one space between two
  asked text[],        -- the folded words that have to be there, or begin a word that is; at most 8 count
  spelled text[],      -- the same in ASCII
  pieces text[],       -- pieces of e-mail addresses that have to be there, in ASCII
  number text,         -- digits of a phone number; enough by themselves
  near jsonb,          -- null, or an object: word -> those near it
  of_kinds text[], of_owner uuid, in_stage uuid,  -- null: of whatever kind, whoever's, wherever
  until bigint,        -- what came into being later is left out
  wanted integer       -- at most 10,000
) returns table (kind text, id uuid, label text, match text, rank integer, owner_id uuid, pipeline_id uuid, stage_id uuid)
language plpgsql stable security definer rows 1000
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
  asking constant text := nullif(current_setting('crm.tenant', true), '');
  most constant integer := least(greatest(wanted, 0), 10000);
  named constant text := left(phrase, 200);
  terms constant text[] := array(select left(w, 60) from unnest(asked) w where w <> '' limit 8);
  strictly constant tsquery := public.search_all(asking, terms, true);
  parts constant text[] := array(select public.search_pattern(p) from unnest(pieces) p where p <> '');
  digits constant text := public.search_pattern(nullif(number, ''));
  starts constant text[] := array(select public.search_pattern(' ' || w) from unnest(terms) w);
  within constant text[] := array(select public.search_pattern(w) from unnest(spelled) w where w <> '' limit 8);
  complete constant text[] := array(select public.search_pattern(' ' || p || ' ') from unnest(pieces || number) p where p <> '');
  among constant tsquery := nullif(concat_ws(' & ',  -- the filters
    '(' || (select string_agg(public.search_lexeme(asking, 'k=' || coalesce(k, '')), ' | ') from unnest(of_kinds) k) || ')',
    public.search_lexeme(asking, 'o=' || of_owner), public.search_lexeme(asking, 's=' || in_stage)), '')::tsquery;
  others tsquery;
  meant tsquery;
  found tid[] := '{}';
begin
  if asking is null or most is null or of_kinds = '{}' then
    return;
  end if;
  if named <> '' then
    found := array(
      select e.ctid from public.search_entries e
      where e.tenant = asking and e.label >= named and e.label < named || chr(1114111)
        and (among is null or e.lexemes @@ among) and e.born <= until
      order by e.label limit most);
  end if;
  if cardinality(found) < most and cardinality(terms) + cardinality(parts) > 0 then  -- else there is enough that ranks above the rest
    found := found || array(
      select e.ctid from public.search_entries e
      where e.tenant || '' = asking  -- in every lexeme already: an index on the tenant would only mislead
        and (strictly is null or e.lexemes @@ strictly) and (among is null or e.lexemes @@ among) and e.born <= until
        and (parts = '{}' or e.tenant = asking and e.letters like parts[1] and e.letters like all (parts))
      limit most);
  end if;
  if digits is not null then
    found := found || array(
      select e.ctid from public.search_entries e
      where e.tenant = asking and e.letters like digits and (among is null or e.lexemes @@ among) and e.born <= until
      limit most);
  end if;
  if near is not null and cardinality(terms) > 0 then
    for place in 1 .. least(cardinality(terms), cardinality(within)) loop
      continue when within[place] !~ '[a-z0-9]{3}';  -- no index finds so little
      others := public.search_all(asking, terms[:place - 1] || terms[place + 1:], true);
      found := found || array(
        select e.ctid from public.search_entries e
        where e.tenant = asking and e.letters like within[place] and (parts = '{}' or e.letters like all (parts))
          and (others is null or e.lexemes @@ others) and (among is null or e.lexemes @@ among) and e.born <= until
        limit most);
    end loop;
    meant := (
      select string_agg('(' || concat_ws(' | ', public.search_all(asking, array[w], true)::text, (
          select string_agg(public.search_lexeme(asking, n), ' | ') from (select jsonb_array_elements_text(near->w) limit 50) n (n))) || ')', ' & ')
      from unnest(terms) w)::tsquery;
    found := found || array(
      select e.ctid from public.search_entries e
      where e.tenant || '' = asking and e.lexemes @@ meant and (among is null or e.lexemes @@ among) and e.born <= until
        and (parts = '{}' or e.letters like all (parts))
      limit most);
  end if;
  return query
    select h.kind::text, h.id, h.label::text, (array['typo', 'fragment', 'word', 'prefix', 'exact'])[h.tier],
      h.tier * 100 + case when h.in_name then 20 else 0 end + case when h.is_whole then 10 else 0 end - case when h.archived then 1000 else 0 end,
      h.owner_id, h.pipeline_id, h.stage_id
    from (
      select e.kind, e.id, e.label, e.owner_id, e.pipeline_id, e.stage_id, e.archived,
        case
          when e.label = named or ' ' || e.letters || ' ' like any (complete) then 5
          when starts_with(e.label, named) and named <> '' then 4
          when parts = '{}' and coalesce(e.lexemes @@ strictly, false) then 3
          when parts <> '{}' or coalesce(e.letters like digits, false) or e.letters like all (within) or not e.lexemes @@ meant then 2
          else 1
        end as tier,
        terms <> '{}' and ' ' || e.label like all (starts) as in_name,
        coalesce(e.lexemes @@ public.search_all(asking, terms, false), false) as is_whole
      from public.search_entries e
      where e.ctid = any (found) and e.tenant || '' = asking
    ) h
    order by 5 desc, h.label, h.kind, h.id
    limit most;
end $$;

grant create on schema public to crm_search_reader;  -- whoever owns a function needs it at that moment, unless a superuser gives it away
alter function search_words_near(text[], text[], integer) owner to crm_search_reader;
alter function search_matching(text, text[], text[], text[], text, jsonb, text[], uuid, uuid, bigint, integer) owner to crm_search_reader;
revoke create on schema public from crm_search_reader;
revoke all on function search_words_near(text[], text[], integer) from public;
revoke all on function search_matching(text, text[], text[], text[], text, jsonb, text[], uuid, uuid, bigint, integer) from public;
grant execute on function search_words_near(text[], text[], integer) to crm_api;
grant execute on function search_matching(text, text[], text[], text[], text, jsonb, text[], uuid, uuid, bigint, integer) to crm_api;
