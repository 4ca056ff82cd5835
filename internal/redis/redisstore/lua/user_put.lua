-- Stores a user and their credentials when nobody changed them since they were read and the name is theirs or free.
-- KEYS  1 user   2 claim of the name   3 list of all users   4 credentials
-- ARGV  1 id   2 revision it was read at (0: a new user)   3 hash of the password, or ''   4… names and values of the user
-- returns the new revision, or 0 when another one is stored or the name is another user's
local stored = redis.call('HGET', KEYS[1], 'revision') or '0'
if stored ~= ARGV[2] then return 0 end
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
if not holder and stored ~= '0' then return 0 end -- a name does not change
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'revision', string.format('%d', tonumber(stored) + 1), unpack(ARGV, 4))
if stored == '0' then redis.call('DEL', KEYS[4]) end -- an earlier release left those of a deleted user behind
-- Credentials of other kinds stay as they are: a later release stored them.
if ARGV[3] == '' then redis.call('HDEL', KEYS[4], 'password') else redis.call('HSET', KEYS[4], 'password', ARGV[3]) end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], 0, ARGV[1])
return tonumber(stored) + 1
