-- Takes the sessions that are over out of a user's list. The expiry of each is a time of the clock of the
-- daemon that wrote it, which may differ from the one that judges here: hence the margin.
-- KEYS  1 the user's list
-- ARGV  1 now, or empty: the time of Redis   2 how long ago a session ended at least (both in ms)
-- returns how many
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - tonumber(ARGV[2])))
