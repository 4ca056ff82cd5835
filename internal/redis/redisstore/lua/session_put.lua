-- Stores a session, before its user's list names it, in the present generation of the user's revocation.
-- KEYS  1 session   2 the user's revocation
-- ARGV  1 time to live in ms   2… names and values
-- returns the generation
local generation = redis.call('HGET', KEYS[2], 'v') or '0'
if tonumber(ARGV[1]) <= 0 then return generation end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
if generation ~= '0' then redis.call('HSET', KEYS[1], 'gen', generation) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return generation
