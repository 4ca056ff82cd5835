-- revoked reports whether the user's revocation at a key is later than a grant, as oauth.Revocation.EndsGrant decides.
-- generation is nil for a grant before the first revocation; tag is its client's, root that of its sign-in.
local function revoked(key, tag, root, generation, offline)
  if redis.call('EXISTS', key) == 0 then return false end
  local r = redis.call('HMGET', key, 'user', 'grants', 'c:' .. tag, 'others', 'except', 'sessions', 's:' .. root)
  local function later(at) return tonumber(at or '0') > tonumber(generation or '0') end
  return later(r[1]) or later(r[2]) or later(r[3]) or later(r[4]) and r[5] ~= root
    or not offline and (later(r[6]) or later(r[7]))
end
