-- Counts an attempt before it is made. The last one that a budget allows locks it for a window.
-- KEYS  1 the counter
-- ARGV  1 now   2 attempts that a window allows   3 window (both times in ms)   4 id of the attempt
-- returns whether it is allowed, whether it was the last one, ms until unlocked
local now, window = tonumber(ARGV[1]), tonumber(ARGV[3])
local stored = redis.call('HMGET', KEYS[1], 'n', 'since', 'lock')
local n, since, lock = tonumber(stored[1] or '0'), tonumber(stored[2] or '0'), tonumber(stored[3] or '0')
if lock > now then return {0, 0, lock - now} end
if lock > 0 or since + window <= now then
  redis.call('DEL', KEYS[1])
  n, since = 0, now
end
n = n + 1
redis.call('HSET', KEYS[1], 'n', n, 'since', string.format('%d', since), 'attempt:' .. ARGV[4], 1)
local last = n >= tonumber(ARGV[2])
local over = since + window
if last then
  over = now + window
  redis.call('HSET', KEYS[1], 'lock', string.format('%d', over))
end
redis.call('PEXPIRE', KEYS[1], string.format('%d', over - now))
return {1, last and 1 or 0, 0}
