-- Notes how far the store is, unless it has lost what was noted before.
-- KEYS[1] the note; ARGV[1] the position expected there at least; ARGV[2] the new one. Answers 0 when something is lost.
local held = redis.call('HGET', KEYS[1], 'position')
if not held or tonumber(held) < tonumber(ARGV[1]) then
  return 0
end
if tonumber(held) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'position', ARGV[2])
end
return 1
