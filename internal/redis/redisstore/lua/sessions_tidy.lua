-- Takes the sessions that are over out of a user's list.
-- KEYS  1 the user's list
-- ARGV  1 now in ms
-- gives how many
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
