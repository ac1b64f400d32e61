-- name: to_sweep
-- How many contents nobody would have, and their bytes, were the statements gone that were stored before an instant.
SELECT count(*), coalesce(sum(a.length), 0)::bigint FROM attachment a
WHERE (a.in_pieces OR :with_objects) AND a.kept < now() - interval '1 day' AND NOT EXISTS (
    SELECT FROM statement_attachment s LEFT JOIN statement_id g ON g.tenant = s.tenant AND g.id = s.id
    WHERE s.tenant = a.tenant AND s.sha2 = a.sha2
    AND CASE WHEN g.id IS NULL THEN s.kept >= now() - interval '1 day' ELSE g.stored >= :before END);

-- name: sweep_belongings
-- What came with statements that are gone or never were. A row that is kept again meanwhile has another ctid.
DELETE FROM statement_attachment WHERE ctid = ANY (ARRAY(
    SELECT a.ctid FROM statement_attachment a LEFT JOIN statement_id g ON g.tenant = a.tenant AND g.id = a.id
    WHERE CASE WHEN g.id IS NULL THEN a.kept < now() - interval '1 day'
        ELSE NOT EXISTS (SELECT FROM statement s WHERE s.stored = g.stored AND s.position = g.position) END
    LIMIT :most));

-- name: contents_of_nobody
-- Contents that came with no statement that there is, or may be on its way.
SELECT a.tenant, a.sha2, a.in_pieces FROM attachment a
WHERE (a.in_pieces OR :with_objects) AND a.kept < now() - interval '1 day'
AND NOT EXISTS (SELECT FROM statement_attachment s WHERE s.tenant = a.tenant AND s.sha2 = a.sha2) LIMIT :most;

-- name: remove_content
-- The same of one content, looked at again: whoever keeps it again waits for this to end, and then keeps all of it.
WITH gone AS (
    DELETE FROM attachment a
    WHERE a.tenant = :tenant AND a.sha2 = :sha2 AND a.kept < now() - interval '1 day'
    AND NOT EXISTS (SELECT FROM statement_attachment s WHERE s.tenant = a.tenant AND s.sha2 = a.sha2)
    RETURNING a.tenant, a.sha2, a.length
),
pieces AS (DELETE FROM attachment_piece p USING gone WHERE p.tenant = gone.tenant AND p.sha2 = gone.sha2)
SELECT length FROM gone;

-- name: sweep_pieces
-- What an upload left behind that broke off.
DELETE FROM attachment_piece WHERE ctid = ANY (ARRAY(
    SELECT p.ctid FROM attachment_piece p WHERE p.kept < now() - interval '1 day'
    AND NOT EXISTS (SELECT FROM attachment a WHERE a.tenant = p.tenant AND a.sha2 = p.sha2) LIMIT :most))
RETURNING octet_length(data);

-- name: out_of_reach
-- Contents of nobody that lie in an object store.
SELECT count(*) FROM attachment a WHERE NOT a.in_pieces AND a.kept < now() - interval '1 day'
AND NOT EXISTS (SELECT FROM statement_attachment s WHERE s.tenant = a.tenant AND s.sha2 = a.sha2);
