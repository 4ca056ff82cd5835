-- Records a backup, unless a later one is recorded.
-- KEYS  1 the record of the kind
-- ARGV  1 its time in ms   2 the size in bytes
-- returns 1, or 0 when a later one is recorded
local at = redis.call('HGET', KEYS[1], 'at')
if at and tonumber(at) > tonumber(ARGV[1]) then
  return 0
end
redis.call('HSET', KEYS[1], 'at', ARGV[1], 'size', ARGV[2])
return 1
