-- Spends a numbered credential of a grant: the authorization code is serial 0, the refresh tokens are 1, 2, 3 …
-- It is reached only by a credential whose seal was verified, and by a code only together with its verifier.
-- KEYS  1 grant   2 the user's revocation   3 access token to be written beside it (or none)
-- ARGV  1 client   2 serial   3 presenter   4 now, or empty: the time of Redis   5 grace   6 rotate (1 or 0)
--       7 keep   8 grant's ref   9 scopes and 10 audiences that the client may have now, each between two line ends
--       11 the client's tag   12 the presenter's binding, or empty   (times and lengths in ms)
--       with KEYS 3: 13 life of the access token   14 its format: opaque or jwt   15 audiences with a format of
--       their own, each as format, space, audience, line end   16... names and values of the access token, where an
--       empty value stands for the grant's
-- returns {verdict}, when the presenter may not see the grant
--   unknown, expired   ended  the user's revocation is later than the grant, which is gone
--   foreign  it is another client's   unbound  it is bound to another key
-- or {verdict, now, name, value, …}, with the grant after the change
--   advanced  it was live and is spent now    retried  the same presenter, inside the grace
--   reused    it is older: the grant is gone  no_scope, no_audience  nothing of the grant is left
-- include shared/clock
-- include shared/revocation

-- Read the grant.
local stored, g = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #stored, 2 do g[stored[i]] = stored[i + 1] end
local live, shown, now = tonumber(g.serial), tonumber(ARGV[2]), now_ms(ARGV[4])
local at = text(now)

-- Decide. The first functions answer one question each; refusal and judgement ask them in order.
local function audiences()
  if not g.aud then return {} end
  if string.sub(g.aud, 1, 1) ~= '[' then return {g.aud} end -- one value is stored as it is, several as JSON
  return cjson.decode(g.aud)
end

local function keeps_a_scope()
  for scope in string.gmatch(g.scope or '', '%S+') do
    if string.find(ARGV[9], '\n' .. scope .. '\n', 1, true) then return true end
  end
  return not g.scope
end

local function keeps_an_audience()
  for _, audience in ipairs(audiences()) do
    if string.find(ARGV[10], '\n' .. audience .. '\n', 1, true) then return true end
  end
  return not g.aud
end

local function repeats_the_last()
  local grace = tonumber(ARGV[5])
  return shown == live - 1 and g.by == ARGV[3] and grace > 0 and now - tonumber(g.spent) <= grace
end

local function refusal()
  if not live then return 'unknown' end
  if g.client ~= ARGV[1] then return 'foreign' end
  if revoked(KEYS[2], ARGV[11], string.sub(ARGV[8], 12, 15), g.gen, g.offline) then return 'ended' end
  if now >= tonumber(g.exp) or now >= tonumber(g['end']) then return 'expired' end
  if shown > live then return 'unknown' end
  if g.cnf and g.cnf ~= ARGV[12] then return 'unbound' end
end

local function judgement()
  if shown < live then return repeats_the_last() and 'retried' or 'reused' end
  -- Refused before it is spent: the same credential is good again when the client gets the right back.
  if not keeps_a_scope() then return 'no_scope' end
  if not keeps_an_audience() then return 'no_audience' end
  return 'advanced'
end

-- Write.
local function fields(list)
  local n = #list
  for name, value in pairs(g) do
    list[n + 1], list[n + 2] = name, value
    n = n + 2
  end
  return list
end

-- life cuts a length at the end of the grant.
local function life(longest) return math.max(math.min(tonumber(longest), tonumber(g['end']) - now), 1) end

local function spend()
  local keep = life(ARGV[7])
  g.exp = text(now + keep)
  if live == 0 or ARGV[6] == '1' then g.serial, g.by, g.spent = text(live + 1), ARGV[3], at end
  if live > 0 and (g.redirect or g.nonce) then
    -- Store the rest anew: a hash that once held a long value never becomes compact again.
    g.redirect, g.nonce, g.challenge, g.retries = nil, nil, nil, nil
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], unpack(fields({})))
  elseif g.by then
    redis.call('HSET', KEYS[1], 'serial', g.serial, 'exp', g.exp, 'by', g.by, 'spent', g.spent)
  else
    redis.call('HSET', KEYS[1], 'exp', g.exp)
  end
  redis.call('PEXPIRE', KEYS[1], keep)
end

-- format is that of the first listed audience that the grant has, as in oauth.Resources.Format.
local function format()
  for form, audience in string.gmatch(ARGV[15], '(%S+) (.-)\n') do
    for _, one in ipairs(audiences()) do
      if one == audience then return form end
    end
  end
  return ARGV[14]
end

local function issue()
  local keep = life(ARGV[13])
  local token = {'iat', at, 'exp', text(now + keep)}
  for i = 16, #ARGV, 2 do
    local value = ARGV[i + 1] ~= '' and ARGV[i + 1] or g[ARGV[i]]
    if value then token[#token + 1], token[#token + 2] = ARGV[i], value end
  end
  redis.call('HSET', KEYS[3], unpack(token))
  redis.call('PEXPIRE', KEYS[3], keep)
end

local verdict = refusal()
if verdict then
  -- A live code and its verifier in the hands of another client have leaked (RFC 9700 section 4.5).
  if verdict == 'ended' or verdict == 'foreign' and live == 0 and shown == 0 then redis.call('DEL', KEYS[1]) end
  return {verdict}
end
verdict = judgement()
if verdict == 'advanced' then
  spend()
  if KEYS[3] and format() == 'opaque' then issue() end
elseif verdict == 'retried' then
  -- What confirms this write also confirms the earlier one of another connection, which this verdict reports.
  redis.call('HINCRBY', KEYS[1], 'retries', 1)
elseif verdict == 'reused' then
  redis.call('DEL', KEYS[1])
end
return fields({verdict, at})
