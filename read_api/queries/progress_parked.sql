-- progress_parked -- How many events wait for a person in each view group.
select view_group as group, count(distinct position) as events from dead_letters group by view_group
