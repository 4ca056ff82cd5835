-- Forgets endings of single browsers and clients: what they ended is deleted by now.
-- KEYS  1 the user's revocation
-- ARGV  1 the latest generation to forget   2 now, or empty: the time of Redis
--       3 how long ago an ending was made at least (times and lengths in ms)
-- returns how many
-- include shared/clock
local up_to, before = tonumber(ARGV[1]), now_ms(ARGV[2]) - tonumber(ARGV[3])
local old, all = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local kind, generation = string.sub(all[i], 1, 2), tonumber(all[i + 1])
  if (kind == 's:' or kind == 'c:') and generation <= up_to and generation < before then old[#old + 1] = all[i] end
end
if #old > 0 then redis.call('HDEL', KEYS[1], unpack(old)) end
return #old
