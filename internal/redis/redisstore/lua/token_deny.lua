-- Puts a JWT on the deny list for as long as it would live.
-- KEYS  1 the token's entry
-- ARGV  1 time to live in ms
-- returns 1, or 0 for a token that is over already
-- include shared/full
local keep = math.max(tonumber(ARGV[1]), redis.call('PTTL', KEYS[1]))
if keep <= 0 then return 0 end
redis.call('SET', KEYS[1], '1', 'PX', string.format('%d', keep))
return 1
