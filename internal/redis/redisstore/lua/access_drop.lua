-- Ends an opaque access token: absence means denied.
-- KEYS  1 access token
-- gives 1 when it was there
return redis.call('DEL', KEYS[1])
