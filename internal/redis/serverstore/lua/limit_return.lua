-- Gives an attempt back that did not fail, and unlocks what it locked.
-- KEYS  1 the counter
-- ARGV  1 id of the attempt
-- returns 1, or 0 when it is not counted: its window is over, it was given back already, or never came
if redis.call('HDEL', KEYS[1], 'attempt:' .. ARGV[1]) == 0 then return 0 end
redis.call('HDEL', KEYS[1], 'lock')
if redis.call('HINCRBY', KEYS[1], 'n', -1) <= 0 then redis.call('DEL', KEYS[1]) end
return 1
