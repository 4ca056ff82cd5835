-- Gives an attempt back that did not fail, and unlocks what it locked.
-- KEYS  1 the counter
-- ARGV  1 beginning of the window it was counted in, in ms
-- gives 1, or 0 when that window is over
if redis.call('HGET', KEYS[1], 'since') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'lock')
if redis.call('HINCRBY', KEYS[1], 'n', -1) <= 0 then redis.call('DEL', KEYS[1]) end
return 1
