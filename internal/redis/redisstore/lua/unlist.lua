-- Takes members out of a list.
-- KEYS  1 list
-- ARGV  members
-- returns how many were in it
return redis.call('ZREM', KEYS[1], unpack(ARGV))
