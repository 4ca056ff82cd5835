-- Which data set is this?
-- KEYS  1 a key that holds the name of the data set
-- ARGV  1 the name for one that has none; 2 "1" to replace another name
-- returns the name that it has
local found = redis.call('GET', KEYS[1])
if not found or (ARGV[2] == '1' and found ~= ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1])
  return ARGV[1]
end
return found
