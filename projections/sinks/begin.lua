-- Tells how far the store is in some lanes; forgets it when what it holds was written by other views.
-- KEYS[1] the note; ARGV[1] the names of the views, then the lanes. Answers the position of each lane.
if redis.call('HGET', KEYS[1], 'views') ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'views', ARGV[1])
end
local held = {}
for place = 2, #ARGV do
  held[place - 1] = redis.call('HGET', KEYS[1], ARGV[place]) or '0'
end
return held
