-- Whose data is this?
-- KEYS  1 the key that holds the issuer
-- ARGV  1 the issuer that claims it, empty to ask only; 2 an earlier issuer whose data is taken over, empty for none
-- returns the issuer whose data it is, empty while it is nobody's
-- Of two callers at once, the first one becomes the owner and the second one is told who that is.
local found = redis.call('GET', KEYS[1])
if ARGV[1] ~= '' and (not found or (ARGV[2] ~= '' and found == ARGV[2])) then
  redis.call('SET', KEYS[1], ARGV[1])
  return ARGV[1]
end
return found or ''
