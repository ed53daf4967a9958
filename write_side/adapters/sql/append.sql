-- append --
-- Store the commands that wait; see the function.
select head, refused from append_events($1::log_event[], $2::boolean, $3::boolean)

-- begin --
-- Store streams that begin, and the salts of new people of one tenant; answers with the last position. What is there already is a
-- unique violation, and nothing is stored.
with salted as (
  insert into subject_keys (tenant, subject_id, salt)
  select $2, person, salt from unnest($3::uuid[], $4::bytea[]) as new(person, salt))
select head + cardinality($1::log_event[]) from append_events($1::log_event[], true, false)

-- stored --
-- Which of these events are in the log, and where.
select event_id, position from log_events where event_id = any ($1::uuid[])
