-- Forgets the endings of single browsers and clients that are older than a time: what they ended is
-- deleted by now.
-- KEYS  1 the user's revocation
-- ARGV  1 the time in ms
-- gives how many
local old, all = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local kind = string.sub(all[i], 1, 2)
  if (kind == 's:' or kind == 'c:') and tonumber(all[i + 1]) < tonumber(ARGV[1]) then old[#old + 1] = all[i] end
end
if #old > 0 then redis.call('HDEL', KEYS[1], unpack(old)) end
return #old
