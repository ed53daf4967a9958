-- columns -- the columns of some tables that can be written, with their types and their places in the primary key
select c.relname::text as table, a.attname::text as column, format_type(a.atttypid, a.atttypmod) as type,
  array_position(i.indkey::int2[], a.attnum) as key_place
from unnest($1::text[]) as wanted(name)
join pg_class c on c.oid = to_regclass(quote_ident(wanted.name))
join pg_index i on i.indrelid = c.oid and i.indisprimary
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
order by c.relname, a.attnum;
