-- Stores a session, before its user's list names it.
-- KEYS  1 session
-- ARGV  1 time to live in ms   2… names and values
-- gives 1, or 0 for a session that is over already
if tonumber(ARGV[1]) <= 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
