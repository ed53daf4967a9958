-- parked -- Why events of these streams up to a position wait for a person; the tenant is the transaction's.
select type, position, error from dead_letters
where view_group = $3 and stream = any ($1::text[]) and position <= $2::bigint
order by position limit 3
