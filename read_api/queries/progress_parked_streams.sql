-- progress_parked_streams -- What waits for a person: of each stream and view how much, and what the first event's fault is.
select distinct on (first.view_group, first.view, first.stream)
  first.view_group as group, first.view, first.tenant, first.stream, first.position, first.type, first.error, first.parked_at,
  count(*) over (partition by first.view_group, first.view, first.stream) as events
from dead_letters first
order by first.view_group, first.view, first.stream, first.position
