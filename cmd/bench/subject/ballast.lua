-- Adds copies of a grant with its access token and its entry in the index of its user.
-- ARGV  1 DUMP of a token   2 DUMP of a grant   3 time to live in ms   4 grants of one user   5 digits of a number
--       6 to 9 the beginnings of: key of a token, key of a grant, key of an index, entry of an index
--       10 first number   11 count
-- returns the count
local function number(n) return string.format('%0' .. ARGV[5] .. 'd', n) end
for n = tonumber(ARGV[10]), tonumber(ARGV[10]) + tonumber(ARGV[11]) - 1 do
  local index = ARGV[8] .. number(math.floor(n / tonumber(ARGV[4])))
  redis.call('RESTORE', ARGV[6] .. number(n), ARGV[3], ARGV[1])
  redis.call('RESTORE', ARGV[7] .. number(n), ARGV[3], ARGV[2])
  redis.call('ZADD', index, 0, ARGV[9] .. number(n))
  if n % tonumber(ARGV[4]) == 0 then redis.call('PEXPIRE', index, ARGV[3]) end
end
return ARGV[11]
