-- Which releases can work on this data?
-- KEYS  1 the key with the version of the data, and the oldest version that reads it: "3 2"
-- ARGV  1 the version that the caller writes; 2 the oldest version that reads what the caller writes; 3 the oldest
--       version that the caller reads; 4 the version of data that has no record; 5 "1" to record what the caller writes
-- returns {verdict, version, oldest version that reads it}; the verdicts are ok, newer (than the caller) and older
-- Both numbers only grow. Of two callers at once, the second one judges what the first one has recorded.
local version, reader = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%d+)$')
version, reader = tonumber(version or ARGV[4]), tonumber(reader or 1)
local own = tonumber(ARGV[1])
if reader > own then return {'newer', tostring(version), tostring(reader)} end
if version < tonumber(ARGV[3]) then return {'older', tostring(version), tostring(reader)} end
if ARGV[5] == '1' then
  version, reader = math.max(version, own), math.max(reader, tonumber(ARGV[2]))
  local record = string.format('%d %d', version, reader)
  if redis.call('GET', KEYS[1]) ~= record then redis.call('SET', KEYS[1], record) end
end
return {'ok', tostring(version), tostring(reader)}
