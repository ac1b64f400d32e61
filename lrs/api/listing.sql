-- name: standing
-- Where the read models stand, which version of the folds wrote them, and when, in microseconds; whether workers of
-- shards keep them, who write also where this does not move.
SELECT position, version, (extract(epoch FROM updated) * 1000000)::bigint,
    EXISTS (SELECT FROM projection_checkpoint WHERE projection LIKE 'live/%')
FROM projection_checkpoint WHERE projection = 'live' AND shard = 0;
