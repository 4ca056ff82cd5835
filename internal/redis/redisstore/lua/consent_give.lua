-- Adds scopes to a consent, or records the first one.
-- KEYS  1 the user's consents
-- ARGV  1 client   2 now   3 since: an older consent is replaced (both in ms)   4… scopes
-- returns the consent that stands: its time and its scopes in one text
local scopes, known = {}, {}
local function add(scope)
  if not known[scope] then
    known[scope] = true
    scopes[#scopes + 1] = scope
  end
end
local before = redis.call('HGET', KEYS[1], ARGV[1])
if before then
  local given, rest = string.match(before, '^(%d+) ?(.*)$')
  if given and tonumber(given) >= tonumber(ARGV[3]) then
    for scope in string.gmatch(rest, '%S+') do add(scope) end
  end
end
for i = 4, #ARGV do add(ARGV[i]) end
if redis.call('PTTL', KEYS[1]) > 0 then
  -- Only the counter of withdrawals is left, and about to go: it stays as long as the consent does.
  local count = redis.call('HGET', KEYS[1], '@withdrawals')
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], '@withdrawals', count)
end
local value = ARGV[2]
if #scopes > 0 then value = value .. ' ' .. table.concat(scopes, ' ') end
redis.call('HSET', KEYS[1], ARGV[1], value)
return value
