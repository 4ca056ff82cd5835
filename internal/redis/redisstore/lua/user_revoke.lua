-- Ends part of a user's access: raises the generation of one scope above all that were given so far.
-- KEYS  1 the user's revocation
-- ARGV  1 now, or empty: the time of Redis   2 how long a grant may live at most (both in ms)   3 scope
--       4 root that others spares, or ''
--       5 a generation that must hold at least, or '' for a new one
-- returns the generation
-- include shared/full
-- include shared/clock
local v = redis.call('HGET', KEYS[1], 'v') or '0'
local keep = text(math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[1]), 1))
local made = ARGV[5]
if made == '' then
  made = text(math.max(now_ms(ARGV[1]), tonumber(v) + 1)) -- the cleanup compares it with the time
end
local function raise(scope, to)
  local stands = redis.call('HGET', KEYS[1], scope) or '0'
  if tonumber(to) > tonumber(stands) then redis.call('HSET', KEYS[1], scope, to) end
end

if ARGV[3] == 'others' then
  -- One browser can be spared at a time. What the earlier one was spared from ends now for all, and
  -- the new one has nothing from before that time: it was not spared then.
  local was = redis.call('HMGET', KEYS[1], 'others', 'except')
  local later = tonumber(made) >= tonumber(was[1] or '0')
  if was[1] and was[2] ~= ARGV[4] then raise('user', later and was[1] or made) end
  if later then redis.call('HSET', KEYS[1], 'except', ARGV[4]) end
end
raise(ARGV[3], made)
raise('v', made)

-- Endings of single browsers and clients are forgotten by the cleanup. A user with more of them than the
-- cleanup keeps up with loses the grants of all browsers, or to all clients, instead of filling the store.
if redis.call('HLEN', KEYS[1]) > 256 then
  local roots, clients = {}, {}
  for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
    local kind = string.sub(name, 1, 2)
    if kind == 's:' then roots[#roots + 1] = name end
    if kind == 'c:' then clients[#clients + 1] = name end
  end
  if #roots > 128 then
    redis.call('HDEL', KEYS[1], unpack(roots))
    raise('sessions', made)
  end
  if #clients > 128 then
    redis.call('HDEL', KEYS[1], unpack(clients))
    raise('grants', made)
  end
end
redis.call('PEXPIRE', KEYS[1], keep)
return made
