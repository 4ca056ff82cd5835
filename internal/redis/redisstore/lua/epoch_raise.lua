-- Moves the time before which nothing counts; it never goes back.
-- KEYS  1 epoch
-- ARGV  1 the time in ms
-- returns the time that counts
-- include shared/full
local before = math.max(tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or ARGV[1]))
redis.call('SET', KEYS[1], string.format('%d', before))
return string.format('%d', before)
