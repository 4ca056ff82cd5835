-- Gives the right to do a task to one holder at a time.
-- KEYS  1 the task
-- ARGV  1 holder   2 now   3 pause after the task was completed   4 how long the right lasts (times in ms)
-- returns 1 and where the last holder stopped, or 0 when somebody has the right or the task is not due
-- include shared/full
local s = redis.call('HMGET', KEYS[1], 'holder', 'until', 'cursor', 'done')
local now, cursor = tonumber(ARGV[2]), s[3] or ''
if s[1] and s[1] ~= ARGV[1] and tonumber(s[2] or '0') > now then return {'0', ''} end
if cursor == '' and tonumber(s[4] or '0') > now - tonumber(ARGV[3]) then return {'0', ''} end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'until', string.format('%d', now + tonumber(ARGV[4])))
redis.call('PEXPIRE', KEYS[1], 604800000)
return {'1', cursor}
