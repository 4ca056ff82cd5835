-- Records that a daemon runs, and which secrets it has seen.
-- KEYS  1 roster
-- ARGV  1 now in ms   2 ms after which an entry is removed   3 daemon   4 its entry   5… names of secrets
-- returns 1
local now, all = tonumber(ARGV[1]), redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local at = string.sub(all[i], 1, 7) == 'daemon:' and tonumber(string.match(all[i + 1], '^%d+'))
  if at and now - at > tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], all[i]) end
end
redis.call('HSET', KEYS[1], 'daemon:' .. ARGV[3], ARGV[1] .. ' ' .. ARGV[4])
for i = 5, #ARGV do redis.call('HSETNX', KEYS[1], 'since:' .. ARGV[i], ARGV[1]) end
return 1
