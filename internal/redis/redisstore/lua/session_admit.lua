-- Names a session in its user's list and decides which others have to go for it: the list holds at
-- most so many, and the one that would expire first is the one unused for longest.
-- KEYS  1 the user's list
-- ARGV  1 ref   2 now   3 expiry (both in ms)   4 limit
-- returns the refs that have to go
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
if tonumber(ARGV[3]) <= tonumber(ARGV[2]) then return {} end
redis.call('ZREM', KEYS[1], ARGV[1])
local surplus = redis.call('ZCARD', KEYS[1]) + 1 - tonumber(ARGV[4])
local gone = {}
if surplus > 0 then
  gone = redis.call('ZRANGE', KEYS[1], 0, surplus - 1)
  redis.call('ZREM', KEYS[1], unpack(gone))
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], string.format('%d', tonumber(last[2]) - tonumber(ARGV[2])))
return gone
