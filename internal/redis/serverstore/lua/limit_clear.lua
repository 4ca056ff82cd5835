-- Forgets every attempt.
-- KEYS  1 the counter
-- returns 1, or 0 when there was none
return redis.call('DEL', KEYS[1])
