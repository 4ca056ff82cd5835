-- Stores a new grant.
-- KEYS  1 grant   2 the mark that its id was used (or none)
-- ARGV  1 time to live   2 length of its longest life   3 now, or empty: the time of Redis
--       4 time to live of the mark   5… names and values                  (times and lengths in ms)
-- gives 1, 0 for a grant that is over already, or -1 where the mark is there: then nothing changes
local now = tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
if KEYS[2] then
  if redis.call('EXISTS', KEYS[2]) == 1 then return -1 end
  redis.call('SET', KEYS[2], '', 'PX', ARGV[4])
end
if tonumber(ARGV[1]) <= 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
-- Its ends are times of the clock that will judge them.
redis.call('HSET', KEYS[1], 'exp', string.format('%d', now + tonumber(ARGV[1])), 'end', string.format('%d', now + tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
