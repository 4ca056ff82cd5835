-- Makes sure that a grant is no further back than it was acknowledged to be.
-- KEYS  1 grant
-- ARGV  1 live serial   2 presenter of the one before   3 when that one was spent, in ms
-- returns 1, or 0 where it is so already or the grant is gone
local live = redis.call('HGET', KEYS[1], 'serial')
if not live or tonumber(live) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'serial', ARGV[1], 'by', ARGV[2], 'spent', ARGV[3])
return 1
