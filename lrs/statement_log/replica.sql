-- name: written
-- Where the log that is written ahead ends: what is committed by now lies before it.
SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint;

-- name: replayed
-- Up to where this replica has replayed that log, null where it is none; and the checkpoint of the read models as it is
-- here. A checkpoint moves only over what is safe, so where it is visible, all that it is over is visible too.
SELECT CASE WHEN pg_is_in_recovery() THEN coalesce((pg_last_wal_replay_lsn() - '0/0')::bigint, 0) END, c.position, c.stored_floor
FROM (VALUES (true)) AS always (here) LEFT JOIN projection_checkpoint c ON c.projection = 'live' AND c.shard = 0;

-- name: read_models_position
-- Up to where the read models have come, as it is here.
SELECT coalesce(max(position), 0) FROM projection_checkpoint WHERE projection = 'live' AND shard = 0;
