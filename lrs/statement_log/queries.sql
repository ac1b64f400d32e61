-- name: append
-- Batches in one round trip. The transaction id is taken before any position is drawn (safe bound);
-- stored is read after its position is drawn. Racing batches cannot deadlock: ids are sorted, and the last ORDER BY lets
-- a batch through the gate before its first row goes into the log, where TimescaleDB may lock to make a chunk.
-- Answers what was new, in order; the second column says whether others refer to the statement (lrs/statement_log/references.py).
WITH x AS MATERIALIZED (SELECT pg_current_xact_id() AS xid),
v AS MATERIALIZED (
    SELECT u.*, nextval('event_position') AS position, clock_timestamp() AS stored
    FROM unnest(:tenants::integer[], :ids::uuid[], :digests::bytea[], :timestamps::timestamptz[],
        :authorities::integer[], :first_keys::integer[], :last_keys::integer[], :payloads::text[],
        :voids::uuid[], :refers::uuid[])
        AS u (tenant, id, digest, "timestamp", authority, first_key, last_key, payload, voids, refers), x
),
a AS MATERIALIZED (SELECT statement_awaited(array_agg(tenant), array_agg(id)) AS ids FROM v),
g AS (
    INSERT INTO statement_id AS s (tenant, id, stored, position, digest)
    SELECT tenant, id, stored, position, digest FROM v ORDER BY tenant, id
    ON CONFLICT (tenant, id) DO UPDATE SET digest = statement_conflict(s.id) WHERE s.digest <> excluded.digest
    RETURNING tenant, id
),
d AS (
    INSERT INTO statement_void (tenant, voided, position, voiding)
    SELECT v.tenant, v.voids, v.position, v.id FROM g JOIN v USING (tenant, id) WHERE v.voids IS NOT NULL
),
r AS (
    INSERT INTO statement_reference (tenant, referrer, target, stored, position, authority)
    SELECT v.tenant, v.id, v.refers, v.stored, v.position, v.authority FROM g JOIN v USING (tenant, id)
    WHERE v.refers IS NOT NULL
),
w AS (
    INSERT INTO reference_unsettled (tenant, id, stored)
    SELECT v.tenant, v.id, v.stored FROM g JOIN v USING (tenant, id)
    WHERE v.refers IS NOT NULL OR v.id = ANY ((SELECT ids FROM a)::uuid[])
)
INSERT INTO statement (tenant, position, stored, id, "timestamp", authority, keys, payload)
SELECT v.tenant, v.position, v.stored, v.id, v."timestamp", v.authority, (:keys::bigint[])[v.first_key : v.last_key],
    v.payload::json
FROM g JOIN v USING (tenant, id) ORDER BY v.position
RETURNING position, id = ANY ((SELECT ids FROM a)::uuid[]), tenant, id;

-- name: conflicts
-- Which of these statements are known with other content.
SELECT u.tenant, u.id FROM unnest(:tenants::integer[], :ids::uuid[], :digests::bytea[]) AS u (tenant, id, digest)
JOIN statement_id s ON s.tenant = u.tenant AND s.id = u.id WHERE s.digest <> u.digest;

-- name: append_control_event
-- One event of the log beside the statements, in the same order of positions.
WITH x AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
INSERT INTO control_event (position, tenant, recorded, kind, payload)
SELECT nextval('event_position'), :tenant, clock_timestamp(), :kind, :payload::json FROM x
RETURNING position, tenant, recorded, kind, payload;

-- name: last_position
-- The highest position drawn so far, and a time before it was read.
SELECT statement_timestamp(), last_value, is_called FROM event_position;

-- name: own_transaction_id
-- A transaction id above those of every transaction that has drawn a position until now.
SELECT pg_current_xact_id()::text::bigint;

-- name: oldest_running_transaction
-- Every transaction with a lower id than this has ended.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- name: loaded_since
-- When the first of the history was stored that was loaded above a position.
SELECT min(stored) FROM loaded_past WHERE position > :after;

-- name: read_statements_after
-- The log in order of position; with what voids a statement already, and what a voiding statement voids.
SELECT s.position, s.tenant, s.id, s.stored, s."timestamp", s.payload::text,
    (SELECT min(w.position) FROM statement_void w
     WHERE w.tenant = s.tenant AND w.voided = s.id AND w.position < s.position),
    (SELECT g.position FROM statement_void w JOIN statement_id g ON g.tenant = w.tenant AND g.id = w.voided
     WHERE w.position = s.position AND g.position < w.position)
FROM statement s
WHERE s.stored >= :floor AND s.position > :after AND s.position <= :bound
ORDER BY s.position LIMIT :limit;

-- name: statements_again
-- Statements that the folds read before, as read_statements_after gives them.
SELECT s.position, s.tenant, s.id, s.stored, s."timestamp", s.payload::text,
    (SELECT min(w.position) FROM statement_void w
     WHERE w.tenant = s.tenant AND w.voided = s.id AND w.position < s.position),
    (SELECT g.position FROM statement_void w JOIN statement_id g ON g.tenant = w.tenant AND g.id = w.voided
     WHERE w.position = s.position AND g.position < w.position)
FROM statement s
WHERE s.tenant = :tenant AND s.position = ANY (:positions::bigint[])
ORDER BY s.position;

-- name: statements_with_a_key
-- Every statement up to a position that has one of these keys, in any order.
SELECT position, payload::text FROM statement
WHERE tenant = :tenant AND keys && :keys::bigint[] AND position <= :until;

-- name: read_control_events_after
-- The log beside the statements, in order of position.
SELECT position, tenant, recorded, kind, payload FROM control_event
WHERE position > :after AND position <= :bound ORDER BY position LIMIT :limit;

-- name: place_of
-- Where the statement with this id lies in the log, and whether a statement in force voids it.
SELECT g.stored, g.position,
    EXISTS (SELECT FROM statement_void w WHERE w.tenant = g.tenant AND w.voided = g.id)
    AND NOT EXISTS (SELECT FROM statement_void w WHERE w.position = g.position)
FROM statement_id g WHERE g.tenant = :tenant AND g.id = :id;

-- name: statement_at
-- The statement at exactly this place: one chunk, one row.
SELECT s.position, s.id, s.stored, s."timestamp", s.payload::text, a.agent
FROM statement s JOIN authority a ON a.authority = s.authority
WHERE s.stored = :stored AND s.position = :position;

-- name: statements_at
-- The statements at these places, which lie in a window: planning looks at its chunks only.
SELECT s.position, s.id, s.stored, s."timestamp", s.payload::text, s.authority
FROM unnest(:places::timestamptz[], :positions::bigint[]) AS p (stored, position)
JOIN statement s ON s.stored = p.stored AND s.position = p.position
WHERE s.stored > :low AND s.stored <= :high;

-- name: authority_agents
-- Who some authorities are.
SELECT authority, agent FROM authority WHERE authority = ANY (:numbers::integer[]);

-- name: oldest_stored
-- When the first statement of the log was stored, which is where searching backwards ends.
SELECT stored FROM statement ORDER BY stored LIMIT 1;

-- name: now_and_unsettled
-- What time it is, and from when on references may be unsettled.
SELECT clock_timestamp(), (SELECT min(stored) FROM reference_unsettled);

-- name: tenant_salt
-- The secret that keys every hash of the tenant.
SELECT salt FROM tenant WHERE tenant = :tenant;

-- name: keep_repairs
-- What came where statements were repaired; what is known already is left as it is.
INSERT INTO statement_repair (tenant, id, digest, rules, original)
SELECT DISTINCT ON (u.id, u.digest) :tenant, u.id, u.digest, string_to_array(u.rules, ' '), u.original::json
FROM unnest(:ids::uuid[], :digests::bytea[], :rules::text[], :originals::text[]) AS u (id, digest, rules, original)
ORDER BY u.id, u.digest
ON CONFLICT DO NOTHING;
