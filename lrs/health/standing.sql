-- name: revision
-- The revision of the schema, null where nothing was ever migrated; and whether the database takes no writes.
SELECT (SELECT version_num FROM alembic_version), current_setting('transaction_read_only')::bool;

-- name: standing
-- Where the log is, where the read models are, and for how long the first statement beyond these has been there.
SELECT e.position, coalesce(c.position, 0), c.version, coalesce(extract(epoch FROM clock_timestamp() - (
        SELECT s.stored FROM statement s
        WHERE s.position > coalesce(c.position, 0) AND s.stored >= coalesce(c.stored_floor, '-infinity') - interval '1 hour'
        ORDER BY s.position LIMIT 1
    ))::float8, 0)
FROM (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM event_position) e
LEFT JOIN (
    SELECT position, stored_floor, version FROM projection_checkpoint WHERE projection = 'live' ORDER BY position LIMIT 1
) c ON true;

-- name: relayed
-- Of each topic how far it has been served, for how long the first statement beyond has been there, and how long ago
-- Kafka has last acknowledged anything.
SELECT r.topic, r.position, coalesce(extract(epoch FROM clock_timestamp() - (
        SELECT s.stored FROM statement s
        WHERE s.position > r.position AND s.stored >= r.stored_floor - interval '1 hour' ORDER BY s.position LIMIT 1
    ))::float8, 0), extract(epoch FROM clock_timestamp() - r.updated)::float8
FROM relay_checkpoint r ORDER BY r.topic;

-- name: letters
-- Dead letters of each state, of all tenants.
SELECT state, count(*) FROM dead_letter GROUP BY state;

-- name: oldest_transaction
-- For how long the oldest transaction has been writing, in the whole cluster: nothing is safe to read beyond its beginning.
SELECT greatest(
    (SELECT max(extract(epoch FROM clock_timestamp() - xact_start))::float8 FROM pg_stat_activity
     WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()),
    (SELECT max(extract(epoch FROM clock_timestamp() - prepared))::float8 FROM pg_prepared_xacts), 0);
