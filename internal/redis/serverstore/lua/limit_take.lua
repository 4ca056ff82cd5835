-- Takes permits out of a bucket that refills evenly (GCRA). What is kept is the time at which it
-- would be full again.
-- KEYS  1 the bucket
-- ARGV  1 now   2 time to refill one permit (both whole µs)   3 permits of a full bucket   4 how many are wanted
-- returns how many were taken, and how many µs there will be none
local now, each = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local left = math.floor((now + each * tonumber(ARGV[3]) - full) / each)
if left < 1 then return {0, full + each - now - each * tonumber(ARGV[3])} end
local taken = math.min(tonumber(ARGV[4]), math.ceil(left / 8))
full = full + each * taken
redis.call('SET', KEYS[1], string.format('%d', full), 'PX', string.format('%d', math.ceil((full - now) / 1000)))
return {taken, 0}
