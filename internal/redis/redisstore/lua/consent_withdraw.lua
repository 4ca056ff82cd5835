-- Removes a consent.
-- KEYS  1 the user's consents
-- ARGV  1 client
-- gives 1 when there was one
return redis.call('HDEL', KEYS[1], ARGV[1])
