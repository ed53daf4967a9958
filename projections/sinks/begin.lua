-- Tells how far the store is, and notes its beginning when it holds nothing, or only what other views have written.
-- KEYS[1] the note; ARGV[1] the names of the views. Answers the position.
local views = redis.call('HGET', KEYS[1], 'views')
if views ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'position', '0', 'views', ARGV[1])
end
return redis.call('HGET', KEYS[1], 'position')
