-- Takes members out of a list.
-- KEYS  1 list
-- ARGV  members
-- gives how many were in it
return redis.call('ZREM', KEYS[1], unpack(ARGV))
