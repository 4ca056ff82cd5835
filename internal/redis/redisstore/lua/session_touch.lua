-- Records that a session was used. One that is not there stays away.
-- KEYS  1 session
-- ARGV  1 now   2 expiry (both in ms)
-- returns 1, or 0 when it is not there
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'seen', ARGV[1], 'exp', ARGV[2])
redis.call('PEXPIRE', KEYS[1], string.format('%d', math.max(tonumber(ARGV[2]) - tonumber(ARGV[1]), 1)))
return 1
