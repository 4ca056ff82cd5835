-- Stores an opaque access token in place of an earlier record, unless that one was revoked.
-- KEYS  1 access token
-- ARGV  1 time to live in ms   2… names and values
-- returns 1, 0 for a token that is over already, or -1 for one that was revoked
-- A script that has written may go on when the memory is full: so nothing is deleted before the first
-- write that needs memory, unless there is something.
if redis.call('HGET', KEYS[1], 'revoked') then return -1 end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end
if tonumber(ARGV[1]) <= 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
