-- Deletes a session, if it is this user's.
-- KEYS  1 session
-- ARGV  1 user
-- returns 1, or 0 when there was none
if redis.call('HGET', KEYS[1], 'user') ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
