-- Removes a consent and counts the withdrawal, whether there was a consent or not.
-- KEYS  1 the user's consents
-- ARGV  1 client   2 how long the counter is kept when no consent is left, in ms
-- returns 1 when there was a consent
local was = redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[1], '@withdrawals', 1)
if #redis.call('HGETALL', KEYS[1]) == 2 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return was
