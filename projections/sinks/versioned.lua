-- Puts an entry unless the same or a newer version is there; without a body, what stays is the version of its end.
-- KEYS[1] the entry; ARGV[1] its version; ARGV[2] its body, if it has one. Answers 1 when it wrote.
local version = redis.call('HGET', KEYS[1], 'version')
if version and tonumber(version) >= tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1])
if ARGV[2] then
  redis.call('HSET', KEYS[1], 'body', ARGV[2])
else
  redis.call('HDEL', KEYS[1], 'body')
end
return 1
