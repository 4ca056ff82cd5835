-- Are changes taken? A change that nobody needs, to find out.
-- KEYS  1 a key of its own
-- ARGV  1 how long it is kept, in ms
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 1
