-- append --
-- Store the commands that wait; see the function.
select head, versions, accepted
from append_events(
  $1::text[], $2::integer[], $3::integer[],
  $4::text[], $5::text[], $6::integer[], $7::uuid[], $8::uuid[], $9::uuid[],
  $10::text[], $11::timestamptz[], $12::bytea[], $13::bytea[], $14::bytea[], $15::uuid[], $16::boolean)

-- stored --
-- Which of these events are in the log, and where.
select event_id, position from log_events where event_id = any ($1::uuid[])
