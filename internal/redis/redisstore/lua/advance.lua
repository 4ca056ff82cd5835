-- Spends a numbered credential of a grant: the authorization code is serial 0, the refresh tokens
-- are 1, 2, 3 … It is reached only by a credential whose seal was verified, and by a code only
-- together with its verifier.
-- KEYS  1 grant   2 the user's revocation   3 access token to be written beside it (or none)
-- ARGV  1 client   2 serial   3 presenter   4 now, or empty: the time of Redis   5 grace   6 rotate (1 or 0)
--       7 keep   8 grant's ref   9 scopes and 10 audiences that the client may have now, each between two line ends
--       11 the client's tag   12 the presenter's binding, or empty   (times and lengths in ms)
--       with KEYS 3: 13 life of the access token   14 its format: opaque or jwt   15 audiences with a format of
--       their own, each as format, space, audience, line end   16 the grant's fields to copy, between spaces
--       17... names and values of the access token
-- returns {verdict, now, name, value, …}: the grant after the change
--   advanced  it was live and is spent now      retried  the same presenter, inside the grace
--   reused    it is older: the grant is gone    no_scope, no_audience  nothing of the grant is left
--   ended     the user's revocation is later than the grant, which is gone; nothing more is returned
--   unbound   the grant is bound to another key
--   expired, unknown, foreign, unbound  nothing more is returned
local pairs_of = redis.call('HGETALL', KEYS[1])
local g = {}
for i = 1, #pairs_of, 2 do g[pairs_of[i]] = pairs_of[i + 1] end
if not g.serial then return {'unknown'} end

local live, shown, stop = tonumber(g.serial), tonumber(ARGV[2]), tonumber(g['end'])
local now = tonumber(ARGV[4])
if not now then
  -- One clock for all daemons: by their own, two that differ would disagree on the grace and on a code's life.
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local at = string.format('%d', now)

local function answer(verdict)
  local out = {verdict, at}
  for name, value in pairs(g) do
    out[#out + 1] = name
    out[#out + 1] = value
  end
  return out
end

-- left reports whether one of the values of a grant is among those that are allowed.
local function left(values, allowed)
  if #values == 0 then return true end
  for _, value in ipairs(values) do
    if string.find(allowed, '\n' .. value .. '\n', 1, true) then return true end
  end
  return false
end

local function scopes()
  local values = {}
  for value in string.gmatch(g.scope or '', '%S+') do values[#values + 1] = value end
  return values
end

-- audiences reads a list as the store writes it: one value as it is, anything else as JSON.
local function audiences()
  if not g.aud then return {} end
  if string.sub(g.aud, 1, 1) ~= '[' then return {g.aud} end
  return cjson.decode(g.aud)
end

if g.client ~= ARGV[1] then
  -- A live code and its verifier in the hands of another client have leaked (RFC 9700 section 4.5).
  if live == 0 and shown == 0 then redis.call('DEL', KEYS[1]) end
  return {'foreign'}
end
-- The user's revocation, as oauth.Revocation.EndsGrant decides.
local root = string.sub(ARGV[8], 12, 15)
local r = redis.call('HMGET', KEYS[2], 'user', 'grants', 'c:' .. ARGV[11], 'others', 'except', 'sessions', 's:' .. root)
local function later(generation) return tonumber(generation or '0') > tonumber(g.gen or '0') end
if later(r[1]) or later(r[2]) or later(r[3]) or later(r[4]) and r[5] ~= root
  or not g.offline and (later(r[6]) or later(r[7])) then
  redis.call('DEL', KEYS[1])
  return {'ended'}
end
if now >= tonumber(g.exp) or now >= stop then return {'expired'} end
if shown > live then return {'unknown'} end
if g.cnf and g.cnf ~= ARGV[12] then return {'unbound'} end

if shown == live - 1 and g.by == ARGV[3] and tonumber(ARGV[5]) > 0
  and now - tonumber(g.spent) <= tonumber(ARGV[5]) then
  -- It tells of a change that another connection made, so it makes one itself: what confirms this
  -- write then confirms that one too.
  redis.call('HINCRBY', KEYS[1], 'retries', 1)
  return answer('retried')
end
if shown < live then
  redis.call('DEL', KEYS[1])
  return answer('reused')
end

-- Refused before it is spent: the same credential is good again when the client gets the right back.
if not left(scopes(), ARGV[9]) then return answer('no_scope') end
if not left(audiences(), ARGV[10]) then return answer('no_audience') end

if live > 0 and (g.redirect or g.nonce) then
  -- The rest is written anew, because a hash that once held a long value never becomes compact again.
  g.redirect, g.nonce, g.challenge, g.retries = nil, nil, nil, nil
  redis.call('DEL', KEYS[1])
  local rest = {}
  for name, value in pairs(g) do
    rest[#rest + 1] = name
    rest[#rest + 1] = value
  end
  redis.call('HSET', KEYS[1], unpack(rest))
end
if live == 0 or ARGV[6] == '1' then
  g.serial, g.by, g.spent = string.format('%d', live + 1), ARGV[3], at
end
local keep = math.max(math.min(tonumber(ARGV[7]), stop - now), 1)
g.exp = string.format('%d', now + keep)
redis.call('HSET', KEYS[1], 'serial', g.serial, 'exp', g.exp)
if g.by then redis.call('HSET', KEYS[1], 'by', g.by, 'spent', g.spent) end
redis.call('PEXPIRE', KEYS[1], keep)

-- format returns the token's format: that of the first listed audience that the grant has, as oauth.Resources.Format.
local function format()
  for form, audience in string.gmatch(ARGV[15], '(%S+) (.-)\n') do
    for _, one in ipairs(audiences()) do
      if one == audience then return form end
    end
  end
  return ARGV[14]
end

if KEYS[3] and format() == 'opaque' then
  local life = math.max(math.min(tonumber(ARGV[13]), stop - now), 1)
  redis.call('HSET', KEYS[3], 'iat', at, 'exp', string.format('%d', now + life), unpack(ARGV, 17))
  for name in string.gmatch(ARGV[16], '%S+') do
    if g[name] then redis.call('HSET', KEYS[3], name, g[name]) end
  end
  redis.call('PEXPIRE', KEYS[3], life)
end
return answer('advanced')
