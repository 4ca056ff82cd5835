-- Ends every token of a client that was issued before a time; of two such times the later counts.
-- KEYS  1 the client's entry
-- ARGV  1 the time in ms   2 how long a token issued before it may still live, in ms
-- returns the time that counts
-- include shared/full
local before = math.max(tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or ARGV[1]))
local keep = math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[1]), 1)
redis.call('SET', KEYS[1], string.format('%d', before), 'PX', string.format('%d', keep))
return string.format('%d', before)
