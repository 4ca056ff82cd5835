-- Changes the key ring when nobody changed it since it was read.
-- KEYS  1 ring
-- ARGV  1 version it was read at   2 how many to drop   3… their fields   then fields and values to put
-- returns 1, or 0 when the ring has moved on
if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end
local drops = tonumber(ARGV[2])
for i = 3, 2 + drops do redis.call('HDEL', KEYS[1], ARGV[i]) end
for i = 3 + drops, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('HINCRBY', KEYS[1], 'version', 1)
return 1
