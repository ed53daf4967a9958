-- tell -- a checkpoint of the relay, whole; what is there already and further stays
insert into relayed (topic, partition, position)
select * from unnest($1::text[], $2::integer[], $3::bigint[])
on conflict (topic, partition) do update set position = excluded.position where relayed.position < excluded.position;
