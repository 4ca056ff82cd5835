-- Stores a new grant and names it in its user's index and among its browser's codes, unless the user's
-- revocation has ended it already.
-- KEYS  1 grant   2 the user's index   3 the codes of the browser and client   4 the user's revocation
--       5 the mark of what yields one grant only (or none)
-- ARGV  1 time to live   2 length of its longest life   3 born   4 entry of the index   5 most grants of a client
--       6 most codes of a browser   7 generation   8 offline (1 or 0)   9 now, or empty: the time of Redis
--       10 time to live of the mark   11… names and values               (times and lengths in ms)
-- returns {verdict, grants to the client, n, n of the client's oldest entries, m, m entries of anybody,
--       refs of the codes, oldest first}
--   created   it is stored        ended   the revocation is later        over   it ended before it began
--   taken     the mark is there: nothing changes
-- The oldest entries are given where there are too many, and a few others once the index has grown: among
-- both may be dead ones. The codes are given where there are too many.
-- include shared/clock
-- include shared/revocation
local now = now_ms(ARGV[9])
local tag, root = string.sub(ARGV[4], 1, 11), string.sub(ARGV[4], 21, 24)
if revoked(KEYS[4], tag, root, ARGV[7], ARGV[8] == '1') then return {'ended'} end
if KEYS[5] then
  -- A grant that lives is never begun again, even if its mark is gone: that would make its spent credentials good.
  if redis.call('EXISTS', KEYS[5]) == 1 or redis.call('EXISTS', KEYS[1]) == 1 then return {'taken'} end
  redis.call('SET', KEYS[5], '', 'PX', ARGV[10])
end
if tonumber(ARGV[1]) <= 0 then return {'over'} end

redis.call('HSET', KEYS[1], unpack(ARGV, 11))
-- Its ends are times of the clock that will judge them.
redis.call('HSET', KEYS[1], 'exp', text(now + tonumber(ARGV[1])), 'end', text(now + tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], 0, ARGV[4])
local keep = math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[2]), 1)
redis.call('PEXPIRE', KEYS[2], text(keep))
redis.call('ZADD', KEYS[3], ARGV[3], string.sub(ARGV[4], 21))
redis.call('PEXPIRE', KEYS[3], text(math.max(tonumber(ARGV[1]), redis.call('PTTL', KEYS[3]))))

local n = redis.call('ZLEXCOUNT', KEYS[2], '[' .. tag, '(' .. tag .. '~')
local oldest, some, codes = {}, {}, {}
if n > tonumber(ARGV[5]) then
  oldest = redis.call('ZRANGEBYLEX', KEYS[2], '[' .. tag, '(' .. tag .. '~', 'LIMIT', 0, n - tonumber(ARGV[5]) + 16)
end
if redis.call('ZCARD', KEYS[2]) > 16 then some = redis.call('ZRANDMEMBER', KEYS[2], 4) end
if redis.call('ZCARD', KEYS[3]) > tonumber(ARGV[6]) then codes = redis.call('ZRANGE', KEYS[3], 0, -1) end
local out = {'created', tostring(n), tostring(#oldest)}
for _, entry in ipairs(oldest) do out[#out + 1] = entry end
out[#out + 1] = tostring(#some)
for _, entry in ipairs(some) do out[#out + 1] = entry end
for _, entry in ipairs(codes) do out[#out + 1] = entry end
return out
