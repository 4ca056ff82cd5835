-- Ends a grant, and with it every credential and access token that hangs on it.
-- KEYS  1 grant
-- returns 1 when it was there
return redis.call('DEL', KEYS[1])
