-- name: standing
-- Where the read models stand, which version of the folds wrote them, and when, in microseconds.
SELECT position, version, (extract(epoch FROM updated) * 1000000)::bigint
FROM projection_checkpoint WHERE projection = 'live' AND shard = 0;
