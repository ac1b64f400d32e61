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
-- What statements were found by that are gone.
DELETE FROM statement_reference WHERE ctid = ANY (ARRAY(
    SELECT r.ctid FROM statement_reference r WHERE r.stored < :until
    AND NOT EXISTS (SELECT FROM statement s WHERE s.stored = r.stored AND s.position = r.position) LIMIT :most));

-- name: sweep_repairs
-- What came where statements were repaired that are gone.
DELETE FROM statement_repair WHERE ctid = ANY (ARRAY(
    SELECT r.ctid FROM statement_repair r JOIN statement_id g ON g.tenant = r.tenant AND g.id = r.id
    WHERE g.stored < :until
    AND NOT EXISTS (SELECT FROM statement s WHERE s.stored = g.stored AND s.position = g.position) LIMIT :most));
