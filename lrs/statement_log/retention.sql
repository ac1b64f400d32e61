-- name: time
-- The database's own: no server with a wrong clock shall say what is old.
SELECT now();

-- name: parts_before
-- The parts of the log whose every statement was stored before an instant, oldest first.
SELECT part::text, begins, ends, bytes FROM statement_parts() WHERE ends <= :before;

-- name: part_that_reaches_over
-- The part that holds statements from before an instant and others.
SELECT part::text, begins, ends FROM statement_parts() WHERE begins < :before AND ends > :before ORDER BY begins LIMIT 1;

-- name: statements_between
-- How many statements were stored in [:begins, :ends), and the last position of them.
SELECT count(*), max(position) FROM statement WHERE stored >= :begins AND stored < :ends;

-- name: kept_back
-- Why they may not be dropped yet.
SELECT statements_kept_back(:position, :before);

-- name: drop_oldest
-- Drops one part; see migrations/sql/retention.
SELECT part, begins, ends, statements, position, bytes FROM drop_oldest_statements(:before);

-- name: dropped_until
-- All that was stored before this was dropped once.
SELECT max((payload ->> 'ends')::timestamptz) FROM control_event WHERE kind = 'retention';

-- name: sweep_references
-- What statements were found by that are gone, among the next rows. OFFSET 0: each statement is looked up, else the whole
-- log could be read.
WITH next AS MATERIALIZED (
    SELECT r.ctid, r.tenant, r.stored, r.position FROM statement_reference r
    WHERE (r.tenant, r.stored, r.position) > (:tenant::integer, :stored::timestamptz, :position::bigint)
    AND r.stored < :until ORDER BY r.tenant, r.stored, r.position LIMIT :most
),
gone AS (
    DELETE FROM statement_reference WHERE ctid = ANY (ARRAY(
        SELECT n.ctid FROM next n
        WHERE NOT EXISTS (SELECT FROM statement s WHERE s.stored = n.stored AND s.position = n.position OFFSET 0)))
    RETURNING referrer
)
SELECT tenant, stored, position, (SELECT count(*) FROM gone) FROM next
ORDER BY tenant DESC, stored DESC, position DESC LIMIT 1;

-- name: sweep_repairs
-- What came where statements were repaired that are gone, among the next rows.
WITH next AS MATERIALIZED (
    SELECT r.ctid, r.tenant, r.id, r.digest FROM statement_repair r
    WHERE (r.tenant, r.id, r.digest) > (:tenant::integer, :id::uuid, :digest::bytea)
    ORDER BY r.tenant, r.id, r.digest LIMIT :most
),
gone AS (
    DELETE FROM statement_repair WHERE ctid = ANY (ARRAY(
        SELECT n.ctid FROM next n JOIN statement_id g ON g.tenant = n.tenant AND g.id = n.id WHERE g.stored < :until
        AND NOT EXISTS (SELECT FROM statement s WHERE s.stored = g.stored AND s.position = g.position OFFSET 0)))
    RETURNING id
)
SELECT tenant, id, digest, (SELECT count(*) FROM gone) FROM next ORDER BY tenant DESC, id DESC, digest DESC LIMIT 1;
