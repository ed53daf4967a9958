-- Moves an id to the sets that it belongs to, unless the same or a newer version of it is there already.
-- KEYS[1] what is known of the id; ARGV[1] its version; ARGV[2] the id; ARGV[3] what the sets' keys begin with; then set, rank,
-- set, rank, ... The sets are in the slot of KEYS[1]: all keys of a tenant share a hash tag. Answers 1 when it wrote.
local version = redis.call('HGET', KEYS[1], 'version')
if version and tonumber(version) >= tonumber(ARGV[1]) then
  return 0
end
for set in string.gmatch(redis.call('HGET', KEYS[1], 'sets') or '', '%S+') do
  redis.call('ZREM', ARGV[3] .. set, ARGV[2])
end
local sets = {}
for i = 4, #ARGV, 2 do
  redis.call('ZADD', ARGV[3] .. ARGV[i], ARGV[i + 1], ARGV[2])
  table.insert(sets, ARGV[i])
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'sets', table.concat(sets, ' '))
return 1
