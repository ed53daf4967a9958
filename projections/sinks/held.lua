-- Notes how far the store is in some lanes, unless it has lost what was noted before.
-- KEYS[1] the note; ARGV: of each lane its name, the position expected there at least, the new one. Answers 0 when something is lost.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
for place = 1, #ARGV, 3 do
  local held = tonumber(redis.call('HGET', KEYS[1], ARGV[place]) or '0')
  if held < tonumber(ARGV[place + 1]) then
    return 0
  end
end
for place = 1, #ARGV, 3 do
  local held = tonumber(redis.call('HGET', KEYS[1], ARGV[place]) or '0')
  if held < tonumber(ARGV[place + 2]) then
    redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 2])
  end
end
return 1
