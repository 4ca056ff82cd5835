-- Removes a user and frees the name.
-- KEYS  1 user   2 claim of the name   3 list of all users
-- ARGV  1 id
-- gives 1, or 0 when they were not there
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('DEL', KEYS[1])
