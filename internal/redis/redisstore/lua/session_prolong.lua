-- Moves the expiry of a session in its user's list.
-- KEYS  1 the user's list
-- ARGV  1 ref   2 now   3 expiry (both in ms)
-- returns 1, or 0 when the list does not name it or it is over: then it must not live longer either
local expires = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not expires or tonumber(expires) <= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], string.format('%d', math.max(tonumber(last[2]) - tonumber(ARGV[2]), 1)))
return 1
