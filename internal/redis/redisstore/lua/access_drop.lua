-- Revokes an opaque access token. The record stays until the token would have expired, marked as revoked:
-- a retry of the refresh that made the token must not bring it back.
-- KEYS  1 access token
-- returns 1 when it was there
local record = redis.call('HGETALL', KEYS[1])
if #record == 0 then return 0 end
local keep = redis.call('PTTL', KEYS[1])
-- The deletion comes first: it needs no memory, and what a script writes after it is not refused when the
-- memory is full.
redis.call('DEL', KEYS[1])
if keep <= 0 then return 1 end
redis.call('HSET', KEYS[1], 'revoked', '1', unpack(record))
redis.call('PEXPIRE', KEYS[1], keep)
return 1
