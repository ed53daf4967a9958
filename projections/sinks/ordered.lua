-- Puts members into an ordered set, each by its position. Once more than twice the cap are there, the newest remain.
-- KEYS[1] the set; ARGV[1] the cap; then position, member, position, member, ...
-- A member at position 0 says that the set has lacked nothing so far; as the lowest it is the first to be trimmed.
local cap = tonumber(ARGV[1])
for i = 2, #ARGV, 2 do
  local size = redis.call('ZCARD', KEYS[1])
  local lowest = size >= cap and redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  -- what is below a set that may have been trimmed has been there before
  if not lowest or tonumber(ARGV[i]) >= tonumber(lowest) then
    size = size - redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[i], ARGV[i])
    redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1])
    if size + 1 > 2 * cap then
      redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(cap + 1))
    end
  end
end
return redis.call('ZCARD', KEYS[1])
