-- Puts back what a feed lacks; the store's own members stay, in the very bytes that the projections would write again.
-- KEYS[1] the feed; ARGV[1] how many members are too many; then position, member, position, member, ... Answers how many were new.
local new = 0
for i = 2, #ARGV, 2 do
  if redis.call('ZCOUNT', KEYS[1], ARGV[i], ARGV[i]) == 0 and redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[1]) then
    new = new + redis.call('ZADD', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
return new
