-- Stores a user under another name when nobody changed it since it was read and the name is theirs or free.
-- KEYS  1 user   2 claim of the new name   3 list of all users   4 claim of the old name
-- ARGV  1 id   2 revision it was read at   3… names and values
-- gives the new revision, or 0 when another one is stored or the name is another user's
local stored = redis.call('HGET', KEYS[1], 'revision') or '0'
if stored == '0' or stored ~= ARGV[2] then return 0 end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
if redis.call('GET', KEYS[4]) == ARGV[1] then redis.call('DEL', KEYS[4]) end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'revision', string.format('%d', tonumber(stored) + 1), unpack(ARGV, 3))
redis.call('SET', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return tonumber(stored) + 1
