-- Adds entries at the end of the audit log when nobody did since its head was read, and cuts the log
-- to its length from the front.
-- KEYS  1 log   2 head
-- ARGV  1 head as it was read, or empty   2 new head   3 length   4… number, key, previous, hash, body
-- returns the place of the last one, or an empty string when the head is another one
if (redis.call('GET', KEYS[2]) or '') ~= ARGV[1] then return '' end
local place
for i = 4, #ARGV, 5 do
  place = redis.call('XADD', KEYS[1], '*', 'seq', ARGV[i], 'key', ARGV[i + 1], 'previous', ARGV[i + 2],
    'hash', ARGV[i + 3], 'fact', ARGV[i + 4])
end
redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2])
return place
