-- Removes a client.
-- KEYS  1 client   2 list of all clients   3 version of all clients
-- ARGV  1 id
-- returns 1, or 0 when it was not there
if redis.call('DEL', KEYS[1]) == 0 then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('INCR', KEYS[3])
return 1
