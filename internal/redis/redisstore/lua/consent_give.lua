-- Records a consent in place of the earlier one of the same client.
-- KEYS  1 the user's consents
-- ARGV  1 client   2 time and scopes
-- gives 1 when there was none before
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
