-- name: something_unsettled
-- Whether there is anything to settle, now or later.
SELECT EXISTS (SELECT FROM reference_unsettled);

-- name: take_turn
-- One at a time settles, in all processes; it ends with the transaction.
SELECT set_config('lock_timeout', :patience, true), pg_advisory_xact_lock(:lock);

-- name: to_settle
-- What was not looked at yet, and what may be looked at for the last time. A mark from the future is of another cluster,
-- and its transactions are over.
SELECT tenant, id, after, mark FROM reference_unsettled
WHERE mark IS NULL OR mark <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    OR mark >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
ORDER BY stored, tenant, id LIMIT :most;

-- name: new_mark
-- A transaction id above those of all transactions that may have missed what is visible now; and whether they are over.
SELECT pg_current_xact_id()::text::bigint, pg_snapshot_xmin(pg_current_snapshot()) >= pg_current_xact_id();

-- name: pass_on
-- For each of these statements: it, if it refers to another, and the next of those that refer to it, are given the keys
-- of all they refer to. Answers up to which referrer each has come, how many that were, and whether it begins anew. Where
-- keys have changed, those who refer there come next.
WITH RECURSIVE item AS MATERIALIZED (
    SELECT * FROM unnest(:tenants::integer[], :ids::uuid[], :afters::bigint[]) AS i (tenant, id, after)
),
served AS MATERIALIZED (
    SELECT i.tenant, i.id, r.referrer, r.position FROM item i CROSS JOIN LATERAL (
        SELECT referrer, position FROM statement_reference
        WHERE tenant = i.tenant AND target = i.id AND position > i.after ORDER BY position LIMIT :each
    ) r
),
behind AS (
    SELECT tenant, referrer FROM served
    UNION SELECT r.tenant, r.referrer FROM item i JOIN statement_reference r ON r.tenant = i.tenant AND r.referrer = i.id
),
chain (tenant, referrer, at, steps) AS (
    SELECT tenant, referrer, referrer, 0 FROM behind
    UNION ALL
    SELECT c.tenant, c.referrer, r.target, c.steps + 1
    FROM chain c JOIN statement_reference r ON r.tenant = c.tenant AND r.referrer = c.at WHERE c.steps < :deepest
),
found AS (
    SELECT c.tenant, c.referrer, array_agg(DISTINCT k.key) AS keys
    FROM chain c JOIN statement_id g ON g.tenant = c.tenant AND g.id = c.at
    JOIN statement s ON s.stored = g.stored AND s.position = g.position CROSS JOIN unnest(s.keys) AS k (key)
    GROUP BY c.tenant, c.referrer HAVING max(c.steps) > 0
),
changed AS (
    UPDATE statement_reference r SET keys = f.keys FROM found f
    WHERE r.tenant = f.tenant AND r.referrer = f.referrer AND NOT r.keys @> f.keys RETURNING r.tenant, r.referrer
),
anew AS (
    INSERT INTO reference_unsettled AS u (tenant, id, stored)
    SELECT c.tenant, c.referrer, (SELECT min(o.stored) FROM reference_unsettled o JOIN item USING (tenant, id))
    FROM changed c
    WHERE EXISTS (SELECT FROM statement_reference r WHERE r.tenant = c.tenant AND r.target = c.referrer)
    ON CONFLICT (tenant, id) DO UPDATE SET stored = least(u.stored, excluded.stored), after = 0, mark = NULL
    RETURNING tenant, id
)
SELECT i.tenant, i.id, max(s.position), count(s.position), EXISTS (SELECT FROM anew a WHERE a.tenant = i.tenant AND a.id = i.id)
FROM item i LEFT JOIN served s USING (tenant, id) GROUP BY i.tenant, i.id;

-- name: settled!
-- Nothing that goes on can concern these any more.
DELETE FROM reference_unsettled u USING unnest(:tenants::integer[], :ids::uuid[]) AS i (tenant, id)
WHERE u.tenant = i.tenant AND u.id = i.id;

-- name: come_so_far!
-- Where these have come; with a mark, all their referrers have been served once.
UPDATE reference_unsettled u SET after = i.after, mark = i.mark
FROM unnest(:tenants::integer[], :ids::uuid[], :afters::bigint[], :marks::bigint[]) AS i (tenant, id, after, mark)
WHERE u.tenant = i.tenant AND u.id = i.id;

-- name: targets_of
-- What each of these statements refers to, and what that refers to, nearest first.
WITH RECURSIVE chain (referrer, at, steps) AS (
    SELECT referrer, target, 1 FROM statement_reference WHERE tenant = :tenant AND referrer = ANY (:ids::uuid[])
    UNION ALL
    SELECT c.referrer, r.target, c.steps + 1
    FROM chain c JOIN statement_reference r ON r.tenant = :tenant AND r.referrer = c.at WHERE c.steps < :deepest
)
SELECT referrer, at FROM chain ORDER BY referrer, steps;

-- name: statements_of
-- Those of these statements that there are.
SELECT g.id, s.payload::text, s.authority, a.agent FROM unnest(:ids::uuid[]) AS u (id)
JOIN statement_id g ON g.tenant = :tenant AND g.id = u.id
JOIN statement s ON s.stored = g.stored AND s.position = g.position JOIN authority a ON a.authority = s.authority;
