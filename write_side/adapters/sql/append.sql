-- append --
-- Store the commands that wait; see the function.
select head, refused from append_events($1::log_event[], $2::boolean, $3::boolean)

-- stored --
-- Which of these events are in the log, and where.
select event_id, position from log_events where event_id = any ($1::uuid[])
