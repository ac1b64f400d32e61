-- name: to_sweep
-- How many contents nobody would have, and their bytes, were the statements gone that were stored before an instant.
SELECT count(*), coalesce(sum(a.length), 0)::bigint FROM attachment a
WHERE (a.in_pieces OR :with_objects) AND a.kept < now() - interval '1 day' AND NOT EXISTS (
    SELECT FROM statement_attachment s LEFT JOIN statement_id g ON g.tenant = s.tenant AND g.id = s.id
    WHERE s.tenant = a.tenant AND s.sha2 = a.sha2
    AND CASE WHEN g.id IS NULL THEN s.kept >= now() - interval '1 day' ELSE g.stored >= :before END);

-- name: sweep_belongings
-- What came with statements that are gone or never were, among the next rows. A row that is kept again meanwhile has
-- another ctid. OFFSET 0: each statement is looked up, else the whole log could be read.
WITH next AS MATERIALIZED (
    SELECT a.ctid, a.tenant, a.id, a.sha2, a.kept FROM statement_attachment a
    WHERE (a.tenant, a.id, a.sha2) > (:tenant::integer, :id::uuid, :sha2::bytea)
    ORDER BY a.tenant, a.id, a.sha2 LIMIT :most
),
gone AS (
    DELETE FROM statement_attachment WHERE ctid = ANY (ARRAY(
        SELECT n.ctid FROM next n LEFT JOIN statement_id g ON g.tenant = n.tenant AND g.id = n.id
        WHERE CASE WHEN g.id IS NULL THEN n.kept < now() - interval '1 day' ELSE NOT EXISTS (
            SELECT FROM statement s WHERE s.stored = g.stored AND s.position = g.position OFFSET 0) END))
    RETURNING id
)
SELECT tenant, id, sha2, (SELECT count(*) FROM gone) FROM next ORDER BY tenant DESC, id DESC, sha2 DESC LIMIT 1;

-- name: contents_of_nobody
-- The next contents that came with no statement that there is, or may be on its way.
SELECT a.tenant, a.sha2, a.in_pieces FROM attachment a
WHERE (a.tenant, a.sha2) > (:tenant::integer, :sha2::bytea)
AND (a.in_pieces OR :with_objects) AND a.kept < now() - interval '1 day'
AND NOT EXISTS (SELECT FROM statement_attachment s WHERE s.tenant = a.tenant AND s.sha2 = a.sha2)
ORDER BY a.tenant, a.sha2 LIMIT :most;

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
-- What an upload left behind that broke off, among the next pieces; answers its bytes.
WITH next AS MATERIALIZED (
    SELECT p.ctid, p.tenant, p.sha2, p.piece, p.kept FROM attachment_piece p
    WHERE (p.tenant, p.sha2, p.piece) > (:tenant::integer, :sha2::bytea, :piece::integer)
    ORDER BY p.tenant, p.sha2, p.piece LIMIT :most
),
gone AS (
    DELETE FROM attachment_piece WHERE ctid = ANY (ARRAY(
        SELECT n.ctid FROM next n WHERE n.kept < now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM attachment a WHERE a.tenant = n.tenant AND a.sha2 = n.sha2)))
    RETURNING octet_length(data) AS length
)
SELECT tenant, sha2, piece, (SELECT coalesce(sum(length), 0)::bigint FROM gone) FROM next
ORDER BY tenant DESC, sha2 DESC, piece DESC LIMIT 1;

-- name: out_of_reach
-- Contents of nobody that lie in an object store.
SELECT count(*) FROM attachment a WHERE NOT a.in_pieces AND a.kept < now() - interval '1 day'
AND NOT EXISTS (SELECT FROM statement_attachment s WHERE s.tenant = a.tenant AND s.sha2 = a.sha2);
