-- Stores a new grant.
-- KEYS  1 grant
-- ARGV  1 time to live   2 length of its longest life   3 now, or empty: the time of Redis
--       4… names and values                                              (times and lengths in ms)
-- gives 1, or 0 for a grant that is over already
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
if tonumber(ARGV[1]) <= 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
-- Its ends are times of the clock that will judge them.
redis.call('HSET', KEYS[1], 'exp', string.format('%d', now + tonumber(ARGV[1])), 'end', string.format('%d', now + tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
