-- name: parts
-- Every part of the log; see migrations/sql/retention.
SELECT part::text, begins, ends, about, bytes, compressed FROM statement_parts();

-- name: tenants
-- How many there are, and which is the first.
SELECT count(*), min(tenant) FROM tenant;

-- name: statements_of_tenants
-- Counted one by one.
SELECT tenant, count(*) FROM statement GROUP BY tenant ORDER BY tenant;

-- name: share_of_tenants
-- Ids of each tenant on about a thousand pages of the gate.
SELECT tenant, count(*) FROM statement_id TABLESAMPLE SYSTEM (:percent) GROUP BY tenant ORDER BY tenant;

-- name: pages_of_gate
-- Its size in pages.
SELECT pg_relation_size('statement_id') / current_setting('block_size')::integer;

-- name: indexes
-- What each index of the log takes, over all parts.
SELECT replace(regexp_replace(pg_get_indexdef(i.indexrelid), '.* USING (.*?)( WITH .*)?$', '\1'), '"', ''),
    sum(pg_relation_size(i.indexrelid))::bigint
FROM statement_parts() p JOIN pg_index i ON i.indrelid = p.part GROUP BY 1 ORDER BY 2 DESC;

-- name: oldest_transaction
-- The transaction that has been writing for longest, in the whole cluster: nothing is safe to read beyond its beginning.
SELECT extract(epoch FROM clock_timestamp() - xact_start)::float8, pid, application_name, datname, state
FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
UNION ALL
SELECT extract(epoch FROM clock_timestamp() - prepared)::float8, NULL, 'prepared: ' || gid, database, 'prepared'
FROM pg_prepared_xacts
ORDER BY 1 DESC LIMIT 1;

-- name: lag
-- Position of the log and of the read models, and for how long the first statement beyond these has been there.
SELECT e.position, coalesce(c.position, 0), coalesce(extract(epoch FROM clock_timestamp() - (
        SELECT s.stored FROM statement s
        WHERE s.position > coalesce(c.position, 0) AND s.stored >= coalesce(c.stored_floor, '-infinity') - interval '1 hour'
        ORDER BY s.position LIMIT 1
    ))::float8, 0), log_begin()
FROM (SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM event_position) e
LEFT JOIN projection_checkpoint c ON c.projection = 'live' AND c.shard = 0;

-- name: range
-- When the first and the last statement of the log were stored.
SELECT (SELECT stored FROM statement ORDER BY stored LIMIT 1), (SELECT stored FROM statement ORDER BY stored DESC LIMIT 1);

-- name: tables
-- The other tables, with their indexes.
SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c
WHERE c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'statement'::regclass)
    AND c.relkind = 'r' AND NOT c.relispartition AND c.relname NOT IN ('statement', 'alembic_version')
ORDER BY 2 DESC, 1;
