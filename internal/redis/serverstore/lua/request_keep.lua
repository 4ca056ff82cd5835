-- Keeps an authorization request, or prolongs its life.
-- KEYS  1 the request
-- ARGV  1 the request, sealed   2 time to live in ms
-- returns 1
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
