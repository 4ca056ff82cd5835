-- Ends a grant whose code was never redeemed.
-- KEYS  1 grant
-- returns 1, or 0 when it was redeemed or is gone
if redis.call('HGET', KEYS[1], 'serial') ~= '0' then return 0 end
return redis.call('DEL', KEYS[1])
