-- Removes a user with their credentials and frees the name.
-- KEYS  1 user   2 claim of the name   3 list of all users   4 credentials
-- ARGV  1 id   2 name that KEYS[2] is the claim of
-- returns 1, 0 when they were not there, or -1 when they have another name by now: nothing has changed
local name = redis.call('HGET', KEYS[1], 'name')
if not name then return 0 end
if name ~= ARGV[2] then return -1 end
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[4])
return redis.call('DEL', KEYS[1])
