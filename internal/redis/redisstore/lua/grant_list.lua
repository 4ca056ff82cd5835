-- Names a grant in its user's list, which lives as long as its longest member may.
-- KEYS  1 the user's list
-- ARGV  1 ref   2 born   3 end (both in ms)
-- gives a few members that may be dead, once the list has grown: none younger than an hour, so
--       that one which is being made at this moment is never taken for dead
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local keep = math.max(tonumber(ARGV[3]) - tonumber(ARGV[2]), redis.call('PTTL', KEYS[1]), 1)
redis.call('PEXPIRE', KEYS[1], string.format('%d', keep))
local old = {}
if redis.call('ZCARD', KEYS[1]) > 16 then
  local some = redis.call('ZRANDMEMBER', KEYS[1], 4, 'WITHSCORES')
  for i = 1, #some, 2 do
    if tonumber(some[i + 1]) < tonumber(ARGV[2]) - 3600000 then old[#old + 1] = some[i] end
  end
end
return old
