-- Stores a client when nobody changed it since it was read.
-- KEYS  1 client   2 list of all clients   3 version of all clients
-- ARGV  1 id   2 revision it was read at (0: it must not exist)   3 registration   4 secrets (both JSON)
-- returns the new revision, or 0 when another one is stored
local stored = redis.call('HGET', KEYS[1], 'revision') or '0'
if stored ~= ARGV[2] then return 0 end
if stored ~= '0' then -- somebody may be disabling it
  -- include shared/full
end
redis.call('HSET', KEYS[1], 'registration', ARGV[3], 'secrets', ARGV[4])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('INCR', KEYS[3])
return redis.call('HINCRBY', KEYS[1], 'revision', 1)
