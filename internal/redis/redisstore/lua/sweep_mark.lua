-- Remembers how far a task got; an empty cursor completes it.
-- KEYS  1 the task
-- ARGV  1 holder   2 now   3 how long the right lasts (times in ms)   4 cursor
-- returns 1, or 0 when another one has the right
-- include shared/full
if redis.call('HGET', KEYS[1], 'holder') ~= ARGV[1] then return 0 end
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], 'holder', 'until', 'cursor')
  redis.call('HSET', KEYS[1], 'done', ARGV[2])
  return 1
end
redis.call('HSET', KEYS[1], 'cursor', ARGV[4], 'until', string.format('%d', tonumber(ARGV[2]) + tonumber(ARGV[3])))
return 1
