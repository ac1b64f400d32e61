-- name: volume
-- On TimescaleDB: how long new chunks are, the bytes stored in the chunks of the four weeks before an instant (null: now),
-- since when, when the log begins, the instant, and the database's cache. No row on plain PostgreSQL.
SELECT d.time_interval, p.bytes, p.begins, (SELECT stored FROM statement ORDER BY stored LIMIT 1), t.instant,
    pg_size_bytes(current_setting('shared_buffers'))
FROM timescaledb_information.dimensions d CROSS JOIN (SELECT coalesce(:instant::timestamptz, now()) AS instant) t CROSS JOIN LATERAL (
    SELECT sum(bytes)::bigint AS bytes, min(begins) AS begins
    FROM statement_parts() WHERE ends > t.instant - interval '28 days' AND begins <= t.instant AND NOT compressed
) p
WHERE (quote_ident(d.hypertable_schema) || '.' || quote_ident(d.hypertable_name))::regclass = 'statement'::regclass;

-- name: is_hypertable
-- Whether the log is one of TimescaleDB.
SELECT relkind <> 'p' FROM pg_class WHERE oid = 'statement'::regclass;

-- name: set_interval
-- For chunks that are not there yet.
SELECT set_chunk_time_interval('statement', :interval::interval);

-- name: parts_to_compress
-- The parts that are not compressed yet and whose every statement was stored before an instant, oldest first.
SELECT part::text, begins, ends, bytes, about FROM statement_parts() WHERE ends <= :before AND NOT compressed;

-- name: compress
-- Compresses one part; answers its bytes afterwards.
SELECT compress_part(:part::regclass);

-- name: bytes_of
-- What a part takes.
SELECT bytes FROM statement_parts() WHERE part = :part::regclass;
