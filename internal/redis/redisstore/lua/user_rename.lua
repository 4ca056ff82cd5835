-- Stores a user and their credentials under another name when nobody changed them since they were read and the name is
-- theirs or free.
-- KEYS  1 user   2 claim of the new name   3 list of all users   4 credentials   5 claim of the old name
-- ARGV  1 id   2 revision it was read at   3 hash of the password, or ''   4… names and values of the user
-- returns the new revision, or 0 when another one is stored or the name is another user's
local stored = redis.call('HGET', KEYS[1], 'revision') or '0'
if stored == '0' or stored ~= ARGV[2] then return 0 end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
if redis.call('GET', KEYS[5]) == ARGV[1] then redis.call('DEL', KEYS[5]) end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'revision', string.format('%d', tonumber(stored) + 1), unpack(ARGV, 4))
-- Credentials of other kinds stay as they are: a later release stored them.
if ARGV[3] == '' then redis.call('HDEL', KEYS[4], 'password') else redis.call('HSET', KEYS[4], 'password', ARGV[3]) end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return tonumber(stored) + 1
